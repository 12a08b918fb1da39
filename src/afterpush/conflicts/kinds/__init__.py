"""What is special for a kind of document or node: names of files, keys, order, statuses, counts, records."""
