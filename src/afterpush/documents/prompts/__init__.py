"""One prompt per task, never stale."""
