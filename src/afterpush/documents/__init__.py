"""Prompts and the manual: written from their sources, and checked."""
