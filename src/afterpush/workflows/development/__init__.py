"""Working on afterpush itself: its tests, and what CI checks."""
