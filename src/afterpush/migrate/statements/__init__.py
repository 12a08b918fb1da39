"""SQL files as statements: which files, in which order, which part of them, and where each statement ends."""
