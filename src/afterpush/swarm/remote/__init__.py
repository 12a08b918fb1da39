"""Agents on other machines: hosts over SSH, or a dask cluster."""
