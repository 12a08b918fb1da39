"""Workflows of `deploy.*`: watching, status, logs, history and explanations."""
