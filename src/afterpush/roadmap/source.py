"""The bytes of a document as lines, and back without a difference."""

import codecs
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class DocumentLines:
    """A text as lines without their ends, and what the ends and edges were.

    In a file that mixes line ends, the lines that end in CRLF keep their CR. Bytes that are not UTF-8
    survive as surrogates.
    """

    lines: tuple[str, ...]
    newline: str = "\n"
    has_bom: bool = False
    has_final_newline: bool = True

    @property
    def data(self) -> bytes:
        """The bytes again."""
        text = self.newline.join(self.lines) + (self.newline if self.has_final_newline else "")
        return (codecs.BOM_UTF8 if self.has_bom else b"") + text.encode("utf-8", "surrogateescape")

    def with_lines(self, lines: tuple[str, ...]) -> "DocumentLines":
        """The same edges around other lines."""
        return replace(self, lines=lines)


def read_source(data: bytes) -> DocumentLines:
    """The lines of a document; `.data` of what it returns is `data`."""
    has_bom = data.startswith(codecs.BOM_UTF8)
    text = (data[len(codecs.BOM_UTF8) :] if has_bom else data).decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\n" in text and text.count("\r\n") == text.count("\n") else "\n"
    lines = text.split(newline)
    has_final_newline = len(lines) > 1 and lines[-1] == ""
    if has_final_newline or text == "":
        lines.pop()
    return DocumentLines(tuple(lines), newline, has_bom, has_final_newline)
