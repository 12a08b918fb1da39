"""What one task composes from several features."""
