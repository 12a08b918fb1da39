"""What stays literal in a prompt although somebody meant it to be filled in: heredocs and placeholders."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from afterpush.documents.instructions.steps import Finding
from afterpush.text.markdown import Code, code_in
from afterpush.text.shell import Command, Heredoc

# Programs that pass a heredoc on as it is; to any other program (sh, ssh, mysql, python) it is code.
_WRITERS = frozenset({"cat", "tee", "git", "gh"})
_DOCUMENTS = frozenset(
    {".md", ".markdown", ".mdx", ".txt", ".rst", ".adoc", ".log", ".csv", ".json", ".html"}
)
_SUBSTITUTION = re.compile(r"\$\([^)\s]|\$\{[A-Za-z_]|`(?:date|openssl rand|uuidgen|git rev-parse)\b")
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
# In a text, `code` and fences show something literal on purpose; only `date` and its like are meant to run.
_SHOWN = re.compile(
    r"^(`{3,}+|~{3,}+)[^\n]*+\n.*?^\1[^\n]*$|`(?!(?:date|openssl rand|uuidgen|git rev-parse)\b)[^`\n]*`",
    re.DOTALL | re.MULTILINE,
)

_TEMPLATE = re.compile(r"(?<![$=])(?:\{\{-?\s*[A-Za-z_][\w.]*(?:\s*\|[^{}]*)?\s*-?\}\}|\{%.*?%\})")
_NAMED = re.compile(
    r"<(?!/)(?P<tag>[A-Z][A-Z0-9_-]{2,})>|\[(?:TASK|SESSION|YOUR)[A-Z_ -]*\](?![(\[])|\bYOUR_[A-Z_]+\b"
)
_IN_COMMAND = re.compile(r"<[a-z](?=\w*[-_ ])[\w -]++>")
_HTML_TAGS = frozenset("HTML HEAD BODY TITLE DIV SPAN TABLE FORM META LINK SCRIPT STYLE PRE CODE".split())


def literal_heredocs(code: Code, commands: list[Command]) -> Iterator[Finding]:
    """Heredocs that write a text with `$(...)` in it to the letter, and those that never end."""
    assigned = {word.partition("=")[0] for command in commands for word in command.assignments}
    for command in commands:
        for heredoc in command.heredocs:
            began = code.line + heredoc.line - 1
            if not heredoc.is_closed:
                yield Finding(
                    began, f"the heredoc never ends: {heredoc.word} must stand alone, at the start of a line"
                )
            elif heredoc.is_quoted and _writes_text(command, heredoc):
                for offset, what in _meant_to_be_filled(heredoc.body, assigned):
                    yield Finding(
                        code.line + heredoc.line + offset,
                        f"the heredoc of line {began} is quoted, so that {what} is written literally; "
                        f"write << {heredoc.word} without quotes",
                    )


def _writes_text(command: Command, heredoc: Heredoc) -> bool:
    if command.program not in _WRITERS or heredoc.body.startswith("#!"):
        return False
    if command.reader not in ("", *_WRITERS):
        return False
    is_tee = command.program == "tee"
    named = [word for word in command.words[1:] if is_tee and not word.startswith("-")]
    # A name that ends in `$NAME` or `$(...)` says nothing; any other without a known suffix is a program's.
    return all(
        PurePosixPath(target).suffix in _DOCUMENTS or re.search(r"\$\w+$|[)}]$", target)
        for target in (*command.outputs, *named)
        if target not in ("/dev/null", "/dev/stdout", "/dev/stderr")
    )


def _meant_to_be_filled(body: str, assigned: set[str]) -> Iterator[tuple[int, str]]:
    """Substitutions in a text, by line; of mere `$NAME` those whose name the block sets itself."""
    hidden = _SHOWN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), body)
    for offset, line in enumerate(hidden.split("\n")):
        names = [found[0] for found in _VARIABLE.finditer(line) if found[1] in assigned]
        if found := _SUBSTITUTION.search(line):
            yield offset, line[found.start() :].strip()[:40]
        elif names:
            yield offset, names[0]


def placeholders(markdown: str, *, is_generated: bool) -> Iterator[Finding]:
    """Names in a template's brackets that nothing has filled in.

    A generated prompt quotes the roadmap word for word: the brackets there are the roadmap's own.
    """
    other = {
        number
        for code in code_in(markdown)
        if code.is_block and code.language and not code.shell
        for number in range(code.line, code.line + code.text.count("\n"))
    }
    for number, line in enumerate(markdown.split("\n"), start=1):
        if is_generated and line.startswith(">"):
            continue
        names = [found for found in _NAMED.finditer(line) if found["tag"] not in _HTML_TAGS]
        # `{{ name }}` in a block of Vue, Go templates or YAML is that language's own.
        names += [] if number in other else _TEMPLATE.finditer(line)
        if names:
            yield Finding(number, f"a placeholder was left over: {names[0][0]}")


def placeholders_in(code: Code, commands: list[Command]) -> Iterator[Finding]:
    """`<task-id>` in a command: to the shell it is a redirection."""
    for command in commands:
        for word in command.words:
            if found := _IN_COMMAND.search(word):
                yield Finding(code.line + command.line, f"a placeholder was left over: {found[0]}")
