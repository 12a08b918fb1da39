"""Tables that both sides changed: columns by name, rows cell by cell, sums, and how they are laid out."""
