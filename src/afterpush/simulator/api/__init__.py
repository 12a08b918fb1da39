"""The simulated platform as its clients meet it: over HTTP."""
