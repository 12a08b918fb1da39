"""The feature of the environment: what is there, what is missing, and what works without it."""
