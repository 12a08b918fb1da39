"""What is one thing in three versions, what stays of it, under which parent, and in which order."""
