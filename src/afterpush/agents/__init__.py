"""Coding agents as users: a server of tools, a gate at the end of a turn, and the clients' configuration."""
