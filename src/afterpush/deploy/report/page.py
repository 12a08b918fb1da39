"""The history as one self-contained HTML page: no scripts, no network, nothing outside of the file."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.dora import Dora
from afterpush.deploy.report.figures import Figures
from afterpush.deploy.report.terminal import counted, percent
from afterpush.deploy.report.timeline import anchor, day, lane_of, moment, timeline
from afterpush.infra.clock import duration
from afterpush.infra.printable import printable

if TYPE_CHECKING:
    import jinja2

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
