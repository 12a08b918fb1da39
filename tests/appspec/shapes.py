"""App specs of any shape: styles of indentation, quotes, line ends, comments, order, flow, anchors."""

from dataclasses import dataclass

from hypothesis import strategies as st

_KEYS = (
    "http_path path port initial_delay_seconds period_seconds timeout_seconds success_threshold "
    "failure_threshold custom_key"
).split()
_COMMENT = st.sampled_from(["", "", " # why", "   #tight", " # a: b, {c}", "\t# tab"])
_QUOTE = st.sampled_from(["{}", "'{}'", '"{}"'])


@dataclass(frozen=True)
class Shape:
    """A spec; `around` is the text before and after what may change, `comments` what must stay inside."""

    text: str
    index: int
    around: tuple[str, str]
    comments: tuple[str, ...]


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """A spec with one to three services, one of which is to be edited."""
    step = draw(st.integers(1, 4))
    count = draw(st.integers(1, 3))
    index = draw(st.integers(0, count - 1))
    eol = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    listed = draw(st.integers(0, 3))
    head = draw(st.sampled_from(["", "\ufeff", "# app\n", "---\n", "x-shared: &shared {a: 1, b: [2]}\n\n"]))
    before = [*head.splitlines(keepends=True), "name: shop\n", *draw(_noise(0)), "services:\n"]
    after: list[str] = []
    middle: list[str] = []
    for place in range(count):
        lines = before if place < index else after
        if place != index:
            lines += _listed(listed, step, draw(_other(place)))
            continue
        first, inner, rest = draw(_edited(listed, step))
        before += first
        middle = inner
        after += rest
    after += draw(_noise(0)) + draw(
        st.sampled_from([[], ["region: nyc\n"], ["envs:\n", "- {key: A, value: b}\n"]])
    )
    parts = ["".join(lines).replace("\n", eol) for lines in (before, middle, after)]
    if draw(st.booleans()):
        parts = _without_last_newline(parts, eol)
    own = tuple(line.split("#", 1)[1].strip() for line in middle if "#" in line and not _goes(line))
    # Where a new line is added at the very end, the line before gets its newline.
    text = "".join(parts)
    return Shape(text, index, (parts[0].removesuffix(eol), parts[2]), own)


def _goes(line: str) -> bool:
    """A line that may be taken out with its comment: `path`, where http_path stands too."""
    return line.strip().strip("\"'").startswith(("path", "'path", '"path'))


def _without_last_newline(parts: list[str], eol: str) -> list[str]:
    for place in (2, 1, 0):
        if parts[place]:
            parts[place] = parts[place].removesuffix(eol)
            return parts
    return parts


@st.composite
def _noise(draw: st.DrawFn, indent: int) -> list[str]:
    return [
        line if line == "\n" else " " * indent + line
        for line in draw(st.lists(st.sampled_from(["\n", "# a comment\n", "#\n"]), max_size=2))
    ]


@st.composite
def _other(draw: st.DrawFn, place: int) -> list[str]:
    name = f"name: other-{place}\n"
    return draw(
        st.sampled_from(
            [
                [name],
                [name, "health_check: {http_path: /other}\n"],
                [name, "health_check:\n", "  http_path: /other # not this one\n"],
                [name, "run_command: |\n", "  a\n", "\n", "  b\n"],
                [name, "envs:\n", "- key: A\n", '  value: "x # y"\n', "# end\n"],
            ]
        )
    )


def _listed(indent: int, step: int, lines: list[str]) -> list[str]:
    """A sequence item: the dash, then the lines of its mapping."""
    pad = " " * (indent + 2)
    rest = [line if line == "\n" else pad + line for line in lines[1:]]
    return [" " * indent + "- " + lines[0], *rest]


@st.composite
def _edited(draw: st.DrawFn, indent: int, step: int) -> tuple[list[str], list[str], list[str]]:
    """(lines before the block, the block, lines after it) of the service that is edited."""
    pad = " " * (indent + 2)
    scalars = draw(st.permutations(["http_port: 8080", "instance_count: 2", "run_command: 'go # up'"]))
    first = [f"{' ' * indent}- name: web{draw(_COMMENT)}\n"]
    first += [f"{pad}{line}{draw(_COMMENT)}\n" for line in scalars[: draw(st.integers(0, 2))]]
    first += draw(_noise(len(pad)))
    empty = st.just([f"{pad}health_check:\n"])
    kinds: list[st.SearchStrategy[list[str]]] = [_block(pad, step), _flow(pad), empty]
    block = draw(st.one_of(kinds))
    rest = draw(_noise(len(pad))) + [f"{pad}{line}{draw(_COMMENT)}\n" for line in scalars[2:]]
    rest += draw(
        st.sampled_from(
            [[], [f"{pad}envs:\n", f"{pad}- key: B\n", f"{pad}  value: |\n", f"{pad}    x\n", "\n"]]
        )
    )
    return first, block, rest


@st.composite
def _block(draw: st.DrawFn, pad: str, step: int) -> list[str]:
    keys = draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=6, unique=True))
    inner = pad + " " * step
    lines = [f"{pad}{draw(_QUOTE).format('health_check')}:{draw(_COMMENT)}\n"]
    for key in keys:
        lines += draw(_noise(len(inner)))
        lines.append(f"{inner}{draw(_QUOTE).format(key)}: {draw(_value(key))}{draw(_COMMENT)}\n")
    return lines


@st.composite
def _flow(draw: st.DrawFn, pad: str) -> list[str]:
    keys = draw(st.lists(st.sampled_from(_KEYS), max_size=5, unique=True))
    quote = draw(_QUOTE)
    inner = ", ".join(f"{quote.format(key)}: {draw(_value(key))}" for key in keys)
    is_trailing = draw(st.booleans())
    comma = "," if keys and is_trailing else ""
    return [f"{pad}health_check: {{{inner}{comma}}}{draw(_COMMENT)}\n"]


def _value(key: str) -> st.SearchStrategy[str]:
    if "path" in key or key == "custom_key":
        return st.sampled_from(["/old", "'/old'", '"/old"', "/", "'/it''s'"])
    return st.integers(21, 50).map(str)
