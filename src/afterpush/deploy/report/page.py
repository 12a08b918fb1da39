"""The history as one self-contained HTML page: no scripts, no network, nothing outside of the file.

Its timeline draws each deployment on a line of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.dora import Dora
from afterpush.deploy.report.figures import Figures
from afterpush.deploy.report.terminal import counted, percent
from afterpush.infra.clock import duration, rfc3339
from afterpush.infra.printable import printable

if TYPE_CHECKING:
    import jinja2

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


_PHASES = ("PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING")
_MARKS = {"live": "●", "failed": "✗", "other": "■"}


def history_page(
    title: str, records: Sequence[HistoryRecord], found: Figures, measured: Dora, generated_at: float
) -> str:
    """The page about distinct records, newest first.

    Authors and commit messages are hostile input: Jinja escapes every value, and control characters and
    those that turn the direction of a text (CVE-2021-42574) are taken out before.
    """
    longest = max((record.elapsed_seconds for record in records), default=0.0) or 1.0
    others = [f"{count} {name}" for name, count in found.verdicts.items() if lane_of(name) == "other"]
    return _template().render(
        title=title,
        records=records,
        found=found,
        dora=measured,
        generated_at=generated_at,
        live=found.verdicts.get("live", 0),
        failed=found.verdicts.get("failed", 0),
        others=", ".join(others),
        categories=list(found.categories),
        unit="day" if found.period_days == 1 else "week",
        most=max((count for period in found.periods for count in period.categories.values()), default=1),
        timeline=timeline(records) if records else None,
        phases=_PHASES,
        marks=_MARKS,
        share=lambda seconds: f"{min(100.0, max(0.0, 100 * seconds / longest)):.2f}",
        waited=lambda record: max(0.0, record.elapsed_seconds - sum(record.phases.values())),
        seconds=lambda value: "none yet" if value is None else duration(value),
        words=lambda phase: phase.replace("_", " ").lower(),
        **{function.__name__: function for function in (anchor, counted, day, lane_of, moment, percent)},
    )


@cache
def _template() -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_shown)
    return environment.from_string(
        files("afterpush.deploy.report").joinpath("history.html.j2").read_text(encoding="utf-8")
    )


def _shown(value: Any) -> Any:
    """A value before it is escaped; what is HTML already (a macro's result) passes."""
    return printable(value).replace("\n", " ") if type(value) is str else value
