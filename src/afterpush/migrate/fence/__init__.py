"""Reading the text of a statement for what reaches out of its own schema."""
