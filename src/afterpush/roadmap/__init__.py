"""Reading task documents without losing a byte."""
