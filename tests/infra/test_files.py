"""Files that somebody else removes while they are looked at."""

from pathlib import Path

import pytest

from afterpush.infra.files import unless_gone


def test_what_has_gone_since_it_was_listed_is_passed_over_and_nothing_else(tmp_path: Path) -> None:
    with unless_gone(tmp_path / "gone"):
        (tmp_path / "gone").stat()
    with pytest.raises(NotADirectoryError), unless_gone(tmp_path):
        raise NotADirectoryError(str(tmp_path))
