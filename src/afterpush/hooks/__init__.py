"""The room of the git hooks: a push is looked at, and watched once it has landed."""
