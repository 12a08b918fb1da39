"""The infrastructure: substances that know nothing of deploying or merging."""
