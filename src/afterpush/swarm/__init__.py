"""Many agents, one main: worktrees, supervision, merge queue."""
