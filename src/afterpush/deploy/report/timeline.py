"""The deployments on a line of time, as an inline drawing whose marks are links to the table below it."""

from collections.abc import Sequence

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.markup import Markup, tag
from afterpush.deploy.report.terminal import counted
from afterpush.infra.clock import duration, rfc3339

WIDTH, LEFT, RIGHT = 1000, 80, 16
LANES = {"live": 30, "failed": 64, "other": 98}
HEIGHT = 140
_TICKS = 6
MOST_MARKS = 300


def lane_of(verdict: str) -> str:
    """`live`, `failed`, or `other` for the rest."""
    return verdict if verdict in ("live", "failed") else "other"


def anchor(record: HistoryRecord) -> str:
    """The id of a record's row."""
    return f"d-{record.sha[:12]}-{int(record.started_at)}"


def timeline(records: Sequence[HistoryRecord]) -> Markup:
    """A figure with one mark for each record; shape and lane tell the verdict, not colour alone.

    More marks than a line has room for, each a stop of the Tab key, would help nobody: the newest are shown.
    """
    oldest_first = sorted(records, key=lambda record: record.started_at)[-MOST_MARKS:]
    begins, ends = oldest_first[0].started_at, oldest_first[-1].started_at
    labels = [tag("text", lane, x=0, y=y + 4) for lane, y in LANES.items()]
    lines = [
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="axis", aria_hidden="true")
        for y in LANES.values()
    ]
    marks = [_mark(record, _x(record.started_at, begins, ends)) for record in oldest_first]
    drawing = tag(
        "svg",
        *lines,
        *labels,
        *_ticks(begins, ends),
        *marks,
        class_="timeline",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="group",
        aria_label=f"Timeline of {counted(len(oldest_first), 'deployment')}; the table below says the same",
    )
    limited = f"The newest {MOST_MARKS} of {len(records)}. " if len(records) > MOST_MARKS else ""
    caption = tag(
        "figcaption",
        f"{limited}Each mark is a deployment and leads to its row: circle live, cross failed, square "
        "anything else.",
    )
    scroll = tag("div", drawing, class_="scroll newest", tabindex=0, role="region", aria_label="Timeline")
    return tag("figure", scroll, caption)


def _x(at: float, begins: float, ends: float) -> float:
    share = (at - begins) / (ends - begins) if ends > begins else 0.5
    return round(LEFT + 10 + share * (WIDTH - RIGHT - LEFT - 20), 1)


def _mark(record: HistoryRecord, x: float) -> Markup:
    lane = lane_of(record.verdict)
    y, name = LANES[lane], f"mark-{lane}"
    if lane == "live":
        shape = tag("circle", cx=x, cy=y, r=7, class_=name)
    elif lane == "failed":
        shape = tag(
            "path",
            d=f"M{x - 7} {y - 4}l3 -3l4 4l4 -4l3 3l-4 4l4 4l-3 3l-4 -4l-4 4l-3 -3l4 -4z",
            class_=name,
        )
    else:
        shape = tag("rect", x=x - 6, y=y - 6, width=12, height=12, class_=name)
    said = f"{record.sha[:7]}: {record.verdict} after {duration(record.elapsed_seconds)}, {day(record)}"
    return tag("a", tag("title", said), shape, href=f"#{anchor(record)}", aria_label=said)


def _ticks(begins: float, ends: float) -> list[Markup]:
    steps = _TICKS if ends > begins else 1
    with_time = ends - begins < 3 * 86_400
    found = []
    for number in range(steps):
        at = begins + (ends - begins) * (number / (steps - 1) if steps > 1 else 0.5)
        said = rfc3339(at)[5:16].replace("T", " ") if with_time else rfc3339(at)[:10]
        place = "middle" if 0 < number < steps - 1 else "start" if number == 0 and steps > 1 else "end"
        found.append(tag("text", said, x=_x(at, begins, ends), y=HEIGHT - 12, text_anchor=place))
    return found


def day(record: HistoryRecord) -> str:
    """When it began, for people (UTC)."""
    return rfc3339(record.started_at)[:16].replace("T", " ")
