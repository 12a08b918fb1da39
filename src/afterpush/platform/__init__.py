"""A simulated App Platform that speaks the published API."""
