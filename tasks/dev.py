"""Working on afterpush itself: tests and measurements. Only this repository's tasks.py offers them."""

from typing import Any

TASKS: list[Any] = []
