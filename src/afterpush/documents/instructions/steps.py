"""The steps that a document tells its reader to take: commands in shell blocks and in the code of
sentences."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from afterpush.text.markdown import MOST_SAID, Code, code_in
from afterpush.text.shell import Command, commands_in, unwrapped

_PLAIN = ("", "text", "txt")
# Programs whose name begins no English sentence: a line without a language that begins so is typed.
_PROGRAMS = re.compile(
    r"(?:\$ |\./|(?:git|npm|npx|pnpm|yarn|bun|bunx|node|uv|uvx|poetry|pdm|pip|pip3|pipenv|pytest|python3?"
    r"|docker|kubectl|just|cargo|tsc|vitest|jest|vim|nano)\s+(?=[-./\w@:<]))"
)
_ALSO_ENGLISH = re.compile(r"(?:make|task|go|cd|export|source|cat|sleep|while|until|tail|less)\s+\S")
# "Commit with `--no-verify`" tells of a command by its option.
_OPTION = re.compile(
    r"(?:^|[,;:]\s+|\b(?:to|then|and|or|must|should|just|please)\s+)(commit|push)\b[^.;`]*"
    r"\b(?:with|using|add|pass|use)(?: the)?\W*$",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"^\s*#+\s?(.*)|\s#\s(.*)$")
_FORBIDDING = re.compile(
    r"\b(?:no|without|(?:instead of|rather than)(?:\W+\w+){0,2})\W*$"
    r"|\b(?:never|do(?:es)? not|don[’']?ts?|doesn[’']?t|must not|mustn[’']t|should not|shouldn[’']t"
    r"|cannot|can[’']t"
    r"|may not|shall not|will not|won[’']t|not (?:be )?(?:run|use|allowed|permitted)|no longer|refrain"
    r"|avoid\w*"
    r"|forb[ia]d\w*|prohibit\w*|disallow\w*|bann?(?:ed|s)|blocked\w*|disabled|denied|rejected|refused|discouraged"
    r"|deprecated|restricted|off-limits|dangerous|destructive|unsafe|bad|wrong|incorrect|lost|los(?:es?"
    r"|ing)|destroy\w*"
    r"|(?:block|deny|reject|refuse|prevent|protect|guard|detect|intercept|denie)s|(?:block|deny)(?:ing"
    r"|[- ]?list)?"
    r"|explicit\w*|approv\w+|permission|confirm\w*|ask(?:s|ing|ed)?|unless|red flags?|anti-?patterns?"
    r"|equivalent"
    r"|nein|nicht|niemals|kein\w*|verboten|nunca|jamais|ne pas|interdit\w*|evite\w*|proh?ibi\w*|vietat\w*"
    r"|geen|nooit|ikke|aldrig?|nigdy|zakaz\w*|asla|kullanma\w*)\b"
    r"|❌|🚫|⛔|✗|✘|🛑|禁止|不|未|勿|别|避免|しない|ないで|避け|금지|마세요|않",
    re.IGNORECASE,
)
_NO_NEGATION = re.compile(
    r"\b(?:never|don[’']?t|do not)\s+(?:forget|hesitate|skip|omit|be afraid|worry|stop)\b"
    r"|\bwithout (?:asking|waiting|fail|hesitation)\b",
    re.IGNORECASE,
)
_VERB = r"(?:run|use|execute|type|call|do|try|enter|push|commit|reset|invoke|finish|land|start|ship)"
# What comes before such a break is about something else: "Never wait for CI, just push: `git push -f`".
_TURN = re.compile(
    rf"(?:[;:,—–.]|\s-|\bbut\b)\s+(?:but |and |then |instead,? |just |rather |simply |always "
    rf"|please )*{_VERB}\b",
    re.IGNORECASE,
)
# A command is given, not mentioned, where the sentence begins with it or a verb or its like is just before
# it.
_TOLD = re.compile(
    rf"^\W*$|\b(?:{_VERB[3:-1]}|merge|rebase|deploy|commands?|check|monitor|watch|inspect|edit|open|read"
    rf"|look|view|follow|squash|clean)\b[\s:*_—–-]+(?:\w+[\s:*_]+){{0,2}}$"
    r"|\b(?:with|via|using|by|then|and|or|finally|first|is|are|to)[\s:*_]+(?:\w+[\s:*_]+)?$",
    re.IGNORECASE,
)
# Somebody else takes the step: "the user may run `git rebase -i` themselves".
_OTHERS = re.compile(
    r"\b(?:users?|humans?|maintainers?|owners?|admins?|operators?)\b(?: \w+)? (?:may|can|runs?|does|uses?)\b"
    r"|\bthemsel(?:f|ves)\b|\bhumans? only\b|\bnot as an? (?:coding )?agent\b",
    re.IGNORECASE,
)
# A sentence in another language than English: whether it gives the command or warns of it cannot be known.
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")
_IS_BAD = re.compile(
    rf"^\W*(?:(?:is|are|be|was|were|must|should|may|can|will|has|have|would)\b[^.;]{{0,40}}|[—–:\-→("
    rf"|]+\s*[^.;]{{0,30}}|which [^.;]{{0,20}}|(?:or|and|,)[^.;]{{0,60}})?(?:{_FORBIDDING.pattern})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    """Something wrong in a document: where, and what to do about it."""

    line: int
    message: str


@dataclass(frozen=True)
class Step:
    """A command of a document, without what only runs it (`sudo`, `uv run`).

    `is_told` is false where a sentence only mentions it, and `is_forbidden` true where it warns of it.
    `folder` is where an earlier `cd` of its block (`is_led`) has led to, "" the root, None where that cannot
    be known; `is_fresh` means below a `git clone`, `is_alone` that its block has no other. `before` is the
    sentence up to it, `said` all words around it.
    """

    command: Command
    words: tuple[str, ...]
    line: int
    is_block: bool
    said: str
    before: str
    is_told: bool
    is_forbidden: bool
    folder: str | None = ""
    is_led: bool = False
    is_fresh: bool = False
    is_alone: bool = False

    @property
    def program(self) -> str:
        return self.words[0].rpartition("/")[2] if self.words else ""


@lru_cache(maxsize=512)
def steps_in(markdown: str) -> tuple[Step, ...]:
    """Every step of a document, in order."""
    return tuple(step for code in code_in(markdown) for step in _steps(code))


def _steps(code: Code) -> Iterator[Step]:
    if not code.is_block:
        named = _OPTION.search(code.before) if code.text in ("--no-verify", "--force", "-f") else None
        text = f"git {named[1]} {code.text}" if named else code.text.removeprefix("$ ")
        if re.match(r"[\w./@-]+\s+\S|\./\w", text):
            yield from _read(code, text, 0)
    elif code.shell:
        yield from _read(code, code.commands(), 0)
    elif code.language in _PLAIN:
        lines = code.text.split("\n")
        typed = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if typed and all(_PROGRAMS.match(line) or _ALSO_ENGLISH.match(line) for line in typed):
            yield from _read(code, "\n".join(line.removeprefix("$ ") for line in lines), 0)
        else:
            for number, line in _typed_lines(lines):
                yield from _read(code, line, number)


def _typed_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines of a block of no language that begin as one types them, with those that they go on in."""
    at = 0
    while at < len(lines):
        end = at
        while lines[end].endswith("\\") and end + 1 < len(lines):
            end += 1
        text = "\n".join(lines[at : end + 1]).lstrip()
        if re.match(r"(?:\$ |git )", text):
            yield at, text.removeprefix("$ ")
        at = end + 1


def _read(code: Code, text: str, offset: int) -> Iterator[Step]:
    lines = text.split("\n")
    folder: str | None = ""
    is_led = is_fresh = False
    commands = commands_in(text)
    comments: dict[int, str] = {}
    for command in commands:
        words = unwrapped(command.words)
        if command.line not in comments:
            comments[command.line] = _comments(lines, command.line)
        comment = comments[command.line]
        said = " ".join([*code.under, code.before, code.after, comment])
        if words and words[0] in ("cd", "pushd"):
            folder, is_led = _led(folder, words[1:]), True
        yield Step(
            command,
            tuple(words),
            code.line + offset + command.line,
            code.is_block,
            said,
            code.before,
            code.is_block or _is_told(code),
            is_forbidden(code, comment),
            folder,
            is_led,
            is_fresh,
            code.is_block and len(commands) == 1,
        )
        is_fresh |= words[:2] == ["git", "clone"]


def _is_told(code: Code) -> bool:
    before = re.sub(r"`[^`]*`", "x", code.before) + " "
    return bool(_TOLD.search(before)) and not _FOREIGN.search(before + code.after)


def _led(folder: str | None, words: Sequence[str]) -> str | None:
    target = next((word for word in words if not word.startswith("-")), "")
    if folder is None or not target or re.search(r"[$~<*]|^/|^-", target):
        return None
    joined = posixpath.normpath(posixpath.join(folder, target))
    return None if joined.startswith("..") else "" if joined == "." else joined


def _comments(lines: Sequence[str], line: int) -> str:
    """What the comments say of a command: on its line, and directly above it up to a blank line."""
    found = [_COMMENT.search(lines[line])] if line < len(lines) else []
    at, length = line - 1, 0
    while at >= 0 and length < MOST_SAID and (above := _COMMENT.match(lines[at])):
        found.append(above)
        at, length = at - 1, length + len(above[0])
    return " ".join((one[1] or one[2] or "")[:MOST_SAID] for one in found if one)


def is_forbidden(code: Code, comment: str = "") -> bool:
    """Whether a document names a command in order to warn of it, or lets somebody else decide."""
    before = _NO_NEGATION.sub("", code.before)
    turn = max((found.start() + 1 for found in _TURN.finditer(before)), default=0)
    return bool(
        any(
            _FORBIDDING.search(_NO_NEGATION.sub("", words)) for words in (*code.under, comment, before[turn:])
        )
        or _IS_BAD.search(code.after)
        or (not code.is_block and _OTHERS.search(f"{before[turn:]} {code.after}"))
    )
