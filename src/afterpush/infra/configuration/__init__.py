"""Configuration, variables with their source, and the trust that a clone was given."""
