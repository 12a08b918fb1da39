"""The manual: generated reference, site, checks."""
