"""Files of records: JSON lines, JSON and YAML, merged by IDs and members in the bytes of their sides."""
