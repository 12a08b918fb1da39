"""A Markdown document as one tree of nodes: reading it, matching three versions, merging them."""
