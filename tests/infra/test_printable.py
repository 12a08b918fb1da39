"""Text of others on a terminal: every control is gone, every language passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.infra.console import table
from afterpush.infra.printable import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("built \x1b]52;c;ZXZpbA==\x07ok\x1b[2J", "built ok"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("c1 \x9b2J \x9d52;c;x\x9cend", "c1  end"),
        ("never ended \x1b]52;c;ZX\nnext", "never ended \nnext"),
        ("file\u202egnp.exe", "file\ufffdgnp.exe"),
        ("back\x08space \x00 \x7f", "back\ufffdspace \ufffd \ufffd"),
        ("100 %\rdone\r\n", "100 %\ndone\n"),
        (
            "日本語 עברית\u200f العربية 👩\u200d👧 é\u0301\ttab",
            "日本語 עברית\u200f العربية 👩\u200d👧 é\u0301\ttab",
        ),
    ],
)
def test_controls_go_and_text_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_colours_pass_where_they_are_wanted_and_are_closed() -> None:
    assert printable("\x1b[31mred\x1b[0m\x1b[2J", colours=True) == "\x1b[31mred\x1b[0m\x1b[0m"
    assert printable("\x1b[31mred") == "red"


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = printable(text)
    assert not any((ord(one) < 32 and one not in "\n\t") or 127 <= ord(one) < 160 for one in shown)
    assert printable(shown) == shown


def test_a_name_stays_in_its_line_and_its_cell() -> None:
    assert one_line("a\nLIVE: all good\x1b[1A") == "a LIVE: all good"
    assert table(("NAME",), [("a\nb\x1b[2J",)]).splitlines() == ["NAME", "a b"]
