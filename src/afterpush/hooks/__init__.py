"""Hooks that fire after a push, and the proof that the push landed."""
