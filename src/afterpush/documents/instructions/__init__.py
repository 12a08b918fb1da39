"""Instruction files of agents and people: what they tell the reader to do, held against the repository."""
