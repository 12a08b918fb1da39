"""Another machine: SSH, the keys and the wheel it is given."""
