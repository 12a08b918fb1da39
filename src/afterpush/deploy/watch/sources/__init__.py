"""Where the facts about a commit come from: the platform, the table, the health URL."""
