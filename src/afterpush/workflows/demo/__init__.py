"""The demo: real pushes and monitors on the simulated platform."""
