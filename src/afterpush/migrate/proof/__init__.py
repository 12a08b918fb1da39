"""The proof that old way and new way give the same schema, from every stage, on a live server."""
