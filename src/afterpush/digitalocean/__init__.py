"""The App Platform: its API, its deployments, which app is ours, and when an app is ready."""
