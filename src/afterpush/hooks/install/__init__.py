"""Getting our lines into the hooks and out again, with any hook manager."""
