"""Where each deployment is drawn on a line of time, and which moments the axis names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.infra.clock import duration, rfc3339

LANES = {"live": 30, "failed": 64, "other": 98}
# More marks than a line has room for, each a stop of the Tab key, would help nobody: the newest are shown.
MOST_MARKS = 300
_TICKS = 6


@dataclass(frozen=True)
class Mark:
    """One deployment: its place in the drawing, and what it says."""

    record: HistoryRecord
    lane: str
    x: float
    y: int
    text: str


@dataclass(frozen=True)
class Tick:
    """One moment of the axis; `anchor` is SVG's text-anchor."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Timeline:
    """A drawing in SVG's units, with a lane for each kind of verdict."""

    marks: list[Mark]
    ticks: list[Tick]
    width: int = 1000
    height: int = 140
    left: int = 80
    right: int = 930
    lanes: dict[str, int] = field(default_factory=lambda: dict(LANES))

    def x(self, at: float, begins: float, ends: float) -> float:
        share = (at - begins) / (ends - begins) if ends > begins else 0.5
        return round(self.left + 10 + share * (self.right - self.left - 20), 1)


def timeline(records: Sequence[HistoryRecord]) -> Timeline:
    """The drawing of at least one record."""
    oldest_first = sorted(records, key=lambda record: record.started_at)[-MOST_MARKS:]
    begins, ends = oldest_first[0].started_at, oldest_first[-1].started_at
    drawn = Timeline([], [])
    for record in oldest_first:
        lane = lane_of(record.verdict)
        said = f"{record.sha[:7]}: {record.verdict} after {duration(record.elapsed_seconds)}, {day(record)}"
        drawn.marks.append(Mark(record, lane, drawn.x(record.started_at, begins, ends), LANES[lane], said))
    for number in range(_TICKS if ends > begins else 1):
        at = begins + (ends - begins) * number / (_TICKS - 1)
        said = moment(at)[5:] if ends - begins < 3 * 86_400 else moment(at)[:10]
        if not drawn.ticks or drawn.ticks[-1].text != said:
            anchor_at = "start" if number == 0 else "middle" if number < _TICKS - 1 else "end"
            drawn.ticks.append(Tick(drawn.x(at, begins, ends), said, anchor_at))
    return drawn


def lane_of(verdict: str) -> str:
    """`live`, `failed`, or `other` for the rest."""
    return verdict if verdict in ("live", "failed") else "other"


def anchor(record: HistoryRecord) -> str:
    """The id of a record's row."""
    return f"d-{record.sha[:12]}-{int(record.started_at)}"


def moment(epoch_seconds: float) -> str:
    """A time for people, to the minute (UTC)."""
    return rfc3339(epoch_seconds)[:16].replace("T", " ")


def day(record: HistoryRecord) -> str:
    """When it began, for people (UTC)."""
    return moment(record.started_at)
