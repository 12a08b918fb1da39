"""A push that gets through: fetch, merge, check, push, again."""
