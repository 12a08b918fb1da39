"""Finished branches onto main, one after another."""
