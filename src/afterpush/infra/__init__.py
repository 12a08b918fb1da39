"""The ground floor: substances that know nothing of deploying or merging."""
