"""Watching a deployment from push to verdict."""
