"""Text of others made safe to print: no control characters, nothing that turns the line's direction round.

A terminal obeys what it is sent: ECMA-48 sequences write the clipboard (OSC 52), clear the screen, or hide
what is behind them (kubectl had CVE-2021-25743 for it). Bidirectional overrides (Unicode UAX #9) show a
text in another order than it has. Text of all languages passes unchanged, joiners and marks included.

    "built \\x1b]52;c;ZXZpbA==\\x07ok\\x1b[2J"   ->   "built ok"
    "file\\u202egnp.exe"                        ->   "file\\ufffdgnp.exe"
"""

import re

# The introducers in both forms, ESC and one byte (C1). A string that nobody ends goes to the line's end.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor, erasing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]{0,8}[0-~]?"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
# C0 but tab and newline, DEL, C1, line and paragraph separators, and what overrides or isolates a direction.
# The marks of direction (U+200E, U+200F, U+061C) are ordinary in Hebrew and Arabic, and stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f]")
_REPLACEMENT = "\ufffd"


def printable(text: str, *, colours: bool = False) -> str:
    """The text without control sequences; a lone control character shows as U+FFFD.

    Tabs and newlines stay, a carriage return becomes a newline. `colours` lets colours pass (SGR), closed at
    the end: for a terminal that reads a log. Takes time linear in the length.
    """
    if not _CONTROL.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not colours:
        return _CONTROL.sub(_REPLACEMENT, _SEQUENCE.sub("", text))
    kept = _SEQUENCE.sub(lambda found: found[0] if _COLOUR.fullmatch(found[0]) else "", text)
    pieces = re.split(r"(\x1b\[[0-9;:]{0,64}m)", kept)
    shown = "".join(
        piece if odd % 2 else _CONTROL.sub(_REPLACEMENT, piece) for odd, piece in enumerate(pieces)
    )
    return f"{shown}\x1b[0m" if len(pieces) > 1 else shown


def command_line(text: str) -> str:
    """A command in one line, whole, with each control character written out: for who is to say yes to it.

    `one_line` drops a terminal's sequence with all that it holds; a shell would run what it holds.
    """
    return " ".join(_CONTROL.sub(lambda found: repr(found[0])[1:-1], text).split())


def one_line(text: str, *, keep_spaces: bool = False) -> str:
    """The same in one line: for a name, a path or a reason inside a sentence of ours."""
    shown = printable(text)
    return shown.replace("\n", " ") if keep_spaces else " ".join(shown.split())
