"""What each change of a table costs and breaks, measured by asking the server."""
