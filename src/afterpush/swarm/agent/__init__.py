"""One agent at work: its worktree, its supervisor, its limits."""
