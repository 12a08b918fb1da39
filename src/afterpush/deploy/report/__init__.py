"""The history as figures, tables and a page."""
