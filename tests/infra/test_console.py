"""What reaches a terminal."""

from afterpush.infra.console import folded


def test_lines_are_folded_between_words_below_their_beginning() -> None:
    text = "   | one two three four five six\nshort"
    assert folded(text, 26) == "   | one two three four\n   | five six\nshort"


def test_what_fits_and_what_cannot_be_folded_stays() -> None:
    assert folded("  a   b  ", 20) == "  a   b  "
    assert folded("x" * 30, 20) == "x" * 30
