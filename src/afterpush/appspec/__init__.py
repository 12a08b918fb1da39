"""The app spec: validation and measured health checks."""
