"""Health checks from measurements: survey, recommendation, edit."""
