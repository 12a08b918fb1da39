"""The reference data that lies beside the project: published schemas and real conflicts."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def shared_data(name: str) -> Path:
    """The folder `name` of the shared data; without it the test is skipped, saying where to put it."""
    folder = Path(os.environ.get("AFTERPUSH_SHARED", ROOT.parent / "shared")) / "data" / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set AFTERPUSH_SHARED to the folder that holds data/{name}")
    return folder
