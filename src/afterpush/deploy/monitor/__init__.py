"""The process that watches one commit, what it shows and what it leaves behind."""
