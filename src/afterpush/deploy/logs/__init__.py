"""The logs of a deployment: finding, following and keeping them."""
