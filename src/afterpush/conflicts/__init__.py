"""Three-way merge of the documents that everybody edits."""
