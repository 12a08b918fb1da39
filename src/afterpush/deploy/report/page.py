"""The history as one self-contained HTML page: no scripts, no network, nothing outside of the file."""

from collections.abc import Sequence

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.dora import Dora
from afterpush.deploy.report.figures import Figures, Spread
from afterpush.deploy.report.markup import Markup, joined, tag, text
from afterpush.deploy.report.style import STYLE
from afterpush.deploy.report.terminal import counted, percent
from afterpush.deploy.report.timeline import anchor, day, lane_of, timeline
from afterpush.infra.clock import duration, rfc3339

# What the page may load: nothing. Browsers enforce it, whatever slipped into the text.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PHASES = ("PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING")
_MARKS = {"live": "● ", "failed": "✗ ", "other": "■ "}


def history_page(
    title: str, records: Sequence[HistoryRecord], found: Figures, measured: Dora, generated_at: float
) -> str:
    """The page about distinct records, newest first."""
    sections = (
        _sections(records, found, measured) if records else [tag("p", "No deployment was watched yet.")]
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Deployments: {title}"),
        tag("style", Markup(STYLE)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the table of deployments", href="#deployments", class_="skip"),
        tag("header", tag("h1", f"Deployments: {title}"), tag("p", _span(records), class_="faint")),
        tag("main", *sections),
        tag(
            "footer",
            f"Written by afterpush at {rfc3339(generated_at)[:16].replace('T', ' ')} UTC. Times are UTC.",
        ),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _span(records: Sequence[HistoryRecord]) -> str:
    if not records:
        return "nothing yet"
    return f"{counted(len(records), 'deployment')}, {day(records[-1])} to {day(records[0])} UTC"


def _sections(records: Sequence[HistoryRecord], found: Figures, measured: Dora) -> list[Markup]:
    return [
        _section("summary", "At a glance", _cards(found)),
        _section("dora", f"DORA figures, the last {measured.window_days:g} days", _dora(measured)),
        _section("timeline", "Timeline", timeline(records)),
        _section("causes", "Why deployments failed", _causes(found)),
        _section("waiting", "Who waits longest", _waiting(found)),
        _section("deployments", "Deployments and their phases", _legend(), _deployments(records)),
    ]


def _section(name: str, heading: str, *children: Markup) -> Markup:
    return tag("section", tag("h2", heading, id=name), *children, aria_labelledby=name)


def _card(name: str, value: str, remark: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value), tag("dd", remark))


def _cards(found: Figures) -> Markup:
    live, failed = found.verdicts.get("live", 0), found.verdicts.get("failed", 0)
    others = ", ".join(
        f"{count} {name}" for name, count in found.verdicts.items() if lane_of(name) == "other"
    )
    first = next(iter(found.categories), None)
    return tag(
        "dl",
        _card("Success rate", percent(found.success_rate), f"{live} live, {failed} failed"),
        _card("Time to live", _seconds(found.time_to_live.median), _p90(found.time_to_live)),
        _card("Deployments", str(found.deployments), others or "all live or failed"),
        _card(
            "Most frequent cause",
            first or "none",
            counted(found.categories[first], "time") if first else "no failure",
        ),
        class_="cards",
    )


def _seconds(value: float | None) -> str:
    return "none yet" if value is None else duration(value)


def _p90(found: Spread) -> str:
    return (
        f"median; 90 % within {duration(found.p90)}" if found.p90 is not None else "no deployment went live"
    )


def _legend() -> Markup:
    names = [*(phase.replace("_", " ").lower() for phase in _PHASES), "other phases"]
    items = [
        tag("li", tag("i", class_=f"p{number}", aria_hidden="true"), name)
        for number, name in enumerate(names)
    ]
    return tag("ul", *items, class_="legend", aria_label="Colours of the phases")


def _deployments(records: Sequence[HistoryRecord]) -> Markup:
    longest = max((record.elapsed_seconds for record in records), default=0.0) or 1.0
    headings = ("Commit", "Verdict", "Began (UTC)", "Phases", "Took", "Author", "Why")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in headings)))
    rows = tag("tbody", *(_row(record, longest) for record in records))
    caption = tag("caption", "The newest first. The length of a bar is the time from push to verdict.")
    table = tag("table", caption, head, rows, class_="stacks")
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Deployments")


def _row(record: HistoryRecord, longest: float) -> Markup:
    lane = lane_of(record.verdict)
    return tag(
        "tr",
        tag("th", tag("code", record.sha[:7]), scope="row"),
        tag("td", tag("span", _MARKS[lane], aria_hidden="true"), record.verdict, class_=f"verdict {lane}"),
        tag("td", day(record), class_="short", data_label="began"),
        tag("td", _bar(record, longest), class_="phases"),
        tag("td", duration(record.elapsed_seconds), class_="short", data_label="took"),
        tag("td", record.author or "", class_="author", data_label="author"),
        tag("td", _why(record), class_="why", data_label="why"),
        id=anchor(record),
    )


def _bar(record: HistoryRecord, longest: float) -> Markup:
    """The stacked phases: drawn, and spelled out for who cannot see the drawing."""
    spelled = ", ".join(
        f"{phase.replace('_', ' ').lower()} {duration(seconds)}".replace(" ", "\u00a0")
        for phase, seconds in record.phases.items()
    )
    if not record.phases:
        return tag("span", "no phase was seen", class_="spelled")
    parts = [
        tag("span", class_=f"p{_colour(phase)}", style=f"width:{_share(seconds, longest)}%")
        for phase, seconds in record.phases.items()
    ]
    return joined(
        [tag("div", *parts, class_="bar", aria_hidden="true"), tag("span", spelled, class_="spelled")]
    )


def _colour(phase: str) -> int:
    return _PHASES.index(phase) if phase in _PHASES else len(_PHASES)


def _share(seconds: float, longest: float) -> str:
    return f"{min(100.0, max(0.0, 100 * seconds / longest)):.2f}"


def _why(record: HistoryRecord) -> Markup:
    if record.verdict == "live":
        return text("")
    category = [tag("strong", record.category), " "] if record.category else []
    return joined([*category, record.message[:300]])


def _causes(found: Figures) -> Markup:
    if not found.categories:
        return tag("p", "No deployment failed.")
    unit = "day" if found.period_days == 1 else "week"
    periods = [period for period in found.periods if period.failed]
    names = list(found.categories)
    most = max(count for period in periods for count in period.categories.values())
    head = tag(
        "thead",
        tag(
            "tr",
            tag("th", f"{unit.capitalize()} of", scope="col"),
            *(tag("th", name, scope="col", class_="number") for name in names),
        ),
    )
    rows = [
        tag(
            "tr",
            tag("th", period.begins, scope="row", class_="short"),
            *(_heat(period.categories.get(name, 0), most) for name in names),
        )
        for period in periods
    ]
    total = tag(
        "tr",
        tag("th", "All", scope="row"),
        *(tag("td", str(found.categories[name]), class_="number") for name in names),
    )
    caption = tag("caption", f"Failed deployments by category; a {unit} without failures is left out.")
    table = tag("table", caption, head, tag("tbody", *rows), tag("tfoot", total))
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Failures over time")


def _heat(count: int, most: int) -> Markup:
    shade = f"background:rgba(var(--heat),{0.1 + 0.25 * count / most:.2f})" if count else None
    return tag("td", str(count) if count else "·", class_="heat", style=shade)


def _waiting(found: Figures) -> Markup:
    if not found.waiting:
        return tag("p", "Nobody has waited yet.")
    head = tag(
        "thead",
        tag(
            "tr",
            tag("th", "Author", scope="col"),
            *(
                tag("th", name, scope="col", class_="number")
                for name in ("Deployments", "Median", "Longest", "In total")
            ),
        ),
    )
    rows = [
        tag(
            "tr",
            tag("th", one.author, scope="row"),
            tag("td", str(one.deployments), class_="number"),
            *(
                tag("td", duration(seconds), class_="number")
                for seconds in (one.median_seconds, one.longest_seconds, one.total_seconds)
            ),
        )
        for one in found.waiting
    ]
    caption = tag("caption", "Time from push to verdict, by the author of the commit.")
    table = tag("table", caption, head, tag("tbody", *rows))
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Who waits longest")


def _dora(measured: Dora) -> Markup:
    restore = measured.time_to_restore
    open_ = f"; failing since {rfc3339(measured.failing_since)[:16]}" if measured.failing_since else ""
    lead = measured.lead_time
    return tag(
        "dl",
        _card(
            "Deployment frequency",
            f"{measured.deployment_frequency_per_day:.2f} a day",
            f"{measured.deployments} went live",
        ),
        _card("Lead time", _seconds(lead.median), f"median from commit to live; 90 %: {_seconds(lead.p90)}"),
        _card(
            "Change failure rate",
            percent(measured.change_failure_rate),
            "failed of all that went live or failed",
        ),
        _card(
            "Time to restore",
            _seconds(restore.median),
            f"median from a failure to the next live; {counted(measured.incidents, 'incident')}{open_}",
        ),
        class_="cards",
    )
