"""Git's side of merging: the driver, its installation and proof, and resolving in the middle of a merge."""
