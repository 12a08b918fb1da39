"""What is written in documents: Markdown, shell commands, and the tasks that they name."""
