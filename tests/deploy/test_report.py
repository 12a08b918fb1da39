"""Figures, DORA figures, the table, and the page in a real browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.dora import DAY_SECONDS, dora
from afterpush.deploy.report.figures import distinct, figures, percentile, spread
from afterpush.deploy.report.page import MOST_MARKS, history_page
from afterpush.deploy.report.terminal import dora_text, history_text, sparkline
from tests.support.browser import examine, photograph

NOW = 1_795_448_000.0
HOSTILE = '"><script>document.title="owned"</script>\u202egpj.exe\x1b[31m & <b>'


def record(number: int, verdict: str = "live", **more: object) -> HistoryRecord:
    """The deployment that began `number` hours ago and took 100 s."""
    began = NOW - number * 3600
    made = HistoryRecord(
        sha=f"{number:040x}",
        verdict=verdict,
        message=f"{number} is {verdict}",
        started_at=began,
        finished_at=began + 100,
        elapsed_seconds=100,
        app="shop",
        deployment_id=f"deployment-{number}",
        author="Ada",
        committed_at=began - 50,
        phases={"BUILDING": 70.0, "DEPLOYING": 30.0},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_success_rate_counts_what_went_live_or_failed_only() -> None:
    found = figures([record(1), record(2), record(3), record(4, "failed"), record(5, "superseded")])
    assert found.success_rate == 0.75
    assert found.verdicts == {"live": 3, "failed": 1, "superseded": 1}
    assert figures([record(1, "canceled")]).success_rate is None
    assert figures([]).deployments == 0


def test_a_deployment_that_was_watched_twice_counts_once() -> None:
    first = record(3, deployment_id="d", elapsed_seconds=90.0)
    again = record(1, deployment_id="d", elapsed_seconds=0.1, phases={})
    gave_up = record(4, "timeout", deployment_id="d", elapsed_seconds=500.0)
    assert distinct([again, first, gave_up]) == [first]
    assert len(distinct([record(1, deployment_id=None), record(2, deployment_id=None)])) == 2


def test_a_watch_that_saw_nothing_of_the_way_does_not_count_as_fast() -> None:
    seen, late = record(1), record(2, elapsed_seconds=0.1, phases={})
    assert figures([seen, late]).time_to_live == spread([100.0])
    assert [waiting.deployments for waiting in figures([seen, late]).waiting] == [1]
    a_week_later = record(2, committed_at=NOW - 7 * DAY_SECONDS, elapsed_seconds=0.1, phases={})
    found = dora([record(5), record(3, "failed"), a_week_later], NOW, 30)
    assert (found.deployments, found.lead_time, found.incidents) == (2, spread([150.0]), 1)
    assert found.time_to_restore.count == 0 and found.failing_since is None


def test_a_watch_of_a_health_endpoint_alone_counts_though_it_sees_no_phases() -> None:
    found = figures([record(1, source="health", phases={}, elapsed_seconds=240.0)])
    assert found.time_to_live == spread([240.0])
    assert found.waiting[0].total_seconds == 240.0


@given(st.lists(st.integers(0, 10**6).map(float), min_size=1))
def test_percentiles_lie_between_the_extremes_and_in_order(values: list[float]) -> None:
    found = spread(values)
    assert found.median is not None
    assert found.p90 is not None
    assert min(values) <= found.median <= found.p90 <= max(values)
    assert found.count == len(values)


def test_percentiles_are_interpolated() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2.5
    assert percentile([10], 90) == 10
    assert percentile([], 50) is None


def test_causes_are_counted_by_day_and_over_a_long_time_by_week() -> None:
    short = figures([record(1, "failed", category="timeout"), record(30, "failed", category="disk_full")])
    assert short.period_days == 1
    assert short.categories == {"timeout": 1, "disk_full": 1}
    assert sum(period.failed for period in short.periods) == 2
    long = figures([record(1), record(24 * 20), record(24 * 40, "failed", category=None)])
    assert long.period_days == 7
    assert long.categories == {"unknown": 1}
    assert [period.begins for period in long.periods] == sorted(period.begins for period in long.periods)
    assert sum(period.deployments for period in long.periods) == 3


def test_who_waits_longest_stands_first() -> None:
    records = [record(1), record(2, author="Bob", elapsed_seconds=500.0), record(3, author=None)]
    found = figures(records).waiting
    assert [(one.author, one.total_seconds) for one in found] == [
        ("Bob", 500.0),
        ("(unknown)", 100.0),
        ("Ada", 100.0),
    ]


def test_dora_counts_the_window_only() -> None:
    found = dora([record(1), record(2), record(24 * 40)], NOW, 30)
    assert found.deployments == 2
    assert found.deployment_frequency_per_day == pytest.approx(2 / 30)
    assert found.lead_time.median == 150
    assert found.change_failure_rate == 0


def test_time_to_restore_takes_several_failures_in_a_row_as_one_incident() -> None:
    records = [record(9), record(8, "failed"), record(7, "failed"), record(5), record(2, "failed")]
    found = dora(records, NOW, 30)
    assert found.time_to_restore == spread([3 * 3600.0])
    assert found.incidents == 2
    assert found.failing_since == NOW - 2 * 3600 + 100
    assert found.change_failure_rate == 0.6


def test_another_app_that_goes_live_restores_nothing() -> None:
    found = dora([record(3, "failed"), record(2, app="other")], NOW, 30)
    assert found.time_to_restore.count == 0
    assert found.failing_since == NOW - 3 * 3600 + 100


def test_a_commit_time_after_the_deployment_or_none_at_all_is_no_lead_time() -> None:
    records = [record(1, committed_at=None), record(2, committed_at=NOW + DAY_SECONDS), record(3)]
    assert dora(records, NOW, 30).lead_time.count == 1


@given(st.permutations([record(n, "failed" if n % 3 == 0 else "live") for n in range(1, 12)]))
def test_the_order_of_the_records_does_not_matter(records: list[HistoryRecord]) -> None:
    ordered = sorted(records, key=lambda one: one.started_at)
    assert dora(records, NOW, 30) == dora(ordered, NOW, 30)
    assert distinct(records) == list(reversed(ordered))


def test_sparklines() -> None:
    assert sparkline([0, 5, 10]) == "▁▅█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert len(sparkline(range(100))) == 40


def test_a_narrow_terminal_folds_the_phases_below_themselves_and_ascii_has_its_own_marks() -> None:
    shown = [record(1, phases={"PENDING_BUILD": 3.0, "BUILDING": 40.0, "DEPLOYING": 8.0})]
    lines = history_text(shown, figures(shown), 80, is_ascii=True).split("\n")
    assert max(map(len, lines)) <= 80
    assert "deploying 8.0 s" in " ".join(lines[1].split() + lines[2].split())
    assert "\n".join(lines).isascii()


def test_the_table_shows_the_figures_and_no_control_characters() -> None:
    records = [record(1, author=HOSTILE), record(2, "failed", category="timeout"), record(3, "superseded")]
    shown = history_text(records, figures(records))
    assert "1 of 2 went live (50 %)" in shown
    assert "timeout" in shown
    assert "time to live" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert history_text([], figures([])) == "no deployment has been watched here yet"
    assert "change failure rate   50 %" in dora_text(dora(records, NOW, 30))


@given(st.text())
def test_no_text_can_leave_its_place(value: str) -> None:
    def elements(message: str) -> list[str]:
        seen: list[str] = []

        class Reader(HTMLParser):
            def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
                seen.append(name)

        shown = [record(1, "failed", author=message, message=message, category=message or None)]
        Reader().feed(history_page(message, shown, figures(shown), dora(shown, NOW, 30), NOW))
        return seen

    assert elements(value) == elements("plain" if value else "")


def write_page(folder: Path, records: list[HistoryRecord] | None = None) -> Path:
    """The page of a history with every verdict, odd phases and hostile names."""
    if records is None:
        verdicts = ["live", "failed", "superseded", "canceled", "timeout", "live", "failed", "live"]
        records = [
            record(
                5 * number + 1,
                verdict,
                author=[HOSTILE, "Ada", "Bob Long-Name von und zu Anderswo", None][number % 4],
                category="lockfile_outdated" if verdict == "failed" else None,
                message=f"{verdict}: {HOSTILE} {'x' * 200}",
                phases={"PENDING_BUILD": 3.0, "BUILDING": 70.0 + number, "SCANNING": 9.0, "DEPLOYING": 20.0},
            )
            for number, verdict in enumerate(verdicts * 3)
        ]
    shown = distinct(records)
    page = history_page(f"shop {HOSTILE}", shown, figures(shown), dora(shown, NOW, 30), NOW)
    path = folder / "history.html"
    path.write_text(page, encoding="utf-8")
    return path


def test_the_page_refers_to_nothing_outside_of_itself(tmp_path: Path) -> None:
    page = write_page(tmp_path).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<script|<iframe|<img|\ssrc=", page)
    assert "default-src 'none'" in page
    assert HOSTILE not in page


def test_a_page_without_any_deployment_says_so(tmp_path: Path) -> None:
    page = write_page(tmp_path, []).read_text(encoding="utf-8")
    assert "No deployment was watched yet." in page


STRUCTURE = """
const ids = new Set([...page.querySelectorAll("[id]")].map(one => one.id));
return {
  title: page.title,
  elements: page.querySelectorAll("script, iframe, img, link, b, object, form").length,
  broken: [...page.querySelectorAll("a[href]")]
    .filter(one => !ids.has(one.getAttribute("href").slice(1))).length,
  links: page.querySelectorAll("a[href]").length,
  duplicates: page.querySelectorAll("[id]").length - ids.size,
  headings: [...page.querySelectorAll("h1, h2, h3")].map(one => one.tagName),
  unnamed: [...page.querySelectorAll("svg a, [role=region], svg[role]")]
    .filter(one => !one.getAttribute("aria-label")).length,
  tables: [...page.querySelectorAll("table")]
    .map(one => !!one.caption && !!one.querySelector("th[scope=col]")),
  rows: page.querySelectorAll("table.stacks tbody tr").length,
  silent: [...page.querySelectorAll("table.stacks tbody tr")]
    .filter(one => !one.textContent.includes("building")).length,
  language: page.documentElement.lang,
};
"""
LAYOUT = """
const root = page.documentElement;
const luminance = ([r, g, b]) => {
  const part = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const channels = text => (text.match(/[\\d.]+/g) || []).map(Number);
const ground = one => {
  let layers = [];
  for (; one; one = one.parentElement) layers.push(channels(view.getComputedStyle(one).backgroundColor));
  let colour = [255, 255, 255];
  for (const [r, g, b, a = 1] of layers.reverse())
    colour = colour.map((under, at) => under * (1 - a) + [r, g, b][at] * a);
  return colour;
};
const outside = [...page.querySelectorAll("main *")]
  .filter(one => one.getBoundingClientRect().right > root.clientWidth + 1 && !one.closest(".scroll, thead"))
  .map(one => one.outerHTML.slice(0, 100));
let worst = 21, where = "";
for (const one of page.querySelectorAll("body *")) {
  const own = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const box = one.getBoundingClientRect();
  if (!own || !box.width || one.closest("svg")) continue;
  const [a, b] = [luminance(channels(view.getComputedStyle(one).color)), luminance(ground(one))].sort();
  const ratio = (b + 0.05) / (a + 0.05);
  if (ratio < worst) { worst = ratio; where = one.outerHTML.slice(0, 120); }
}
return {wide: root.scrollWidth, outside, client: root.clientWidth, worst, where,
  ground: view.getComputedStyle(page.body).backgroundColor};
"""


def test_the_page_is_sound_for_keyboards_and_screen_readers(tmp_path: Path) -> None:
    write_page(tmp_path)
    found = examine(tmp_path, "history.html", STRUCTURE, tmp_path / "profile")
    assert found["title"].startswith("Deployments: shop")
    assert found["elements"] == 0
    assert (found["broken"], found["duplicates"], found["unnamed"], found["silent"]) == (0, 0, 0, 0)
    assert found["links"] == found["rows"] + 1 == 25
    assert found["headings"][0] == "H1"
    assert set(found["headings"][1:]) == {"H2"}
    assert all(found["tables"])
    assert found["language"] == "en"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_and_its_text_has_contrast(tmp_path: Path, width: int, dark: bool) -> None:
    write_page(tmp_path)
    found = examine(tmp_path, "history.html", LAYOUT, tmp_path / "profile", width=width, dark=dark)
    assert found["wide"] <= found["client"], found["outside"]
    assert found["worst"] >= 4.5, found["where"]
    red = int(re.findall(r"\d+", found["ground"])[0])
    assert (red < 60) is dark


def test_a_long_name_without_a_space_pushes_no_column_out_of_sight(tmp_path: Path) -> None:
    records = [record(n, "failed", author="release-robot-of-the-platform-team" * 2) for n in range(1, 4)]
    write_page(tmp_path, records)
    hidden = "return [...page.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth);"
    found = examine(tmp_path, "history.html", hidden, tmp_path / "profile", width=1280)
    assert max(found) <= 0


def test_a_timeline_has_no_more_marks_than_it_has_room_for(tmp_path: Path) -> None:
    page = write_page(tmp_path, [record(n) for n in range(1, MOST_MARKS + 50)]).read_text(encoding="utf-8")
    assert page.count("<circle") == MOST_MARKS
    assert f"The newest {MOST_MARKS} of {MOST_MARKS + 49}." in page
    assert f"{MOST_MARKS + 49} deployments, " in page and "1 deployment, " in write_page(
        tmp_path, [record(1)]
    ).read_text(encoding="utf-8")


def test_the_page_can_be_seen(tmp_path: Path) -> None:
    write_page(tmp_path)
    light = photograph(tmp_path, "history.html", tmp_path / "light.png", tmp_path / "one")
    dark = photograph(tmp_path, "history.html", tmp_path / "dark.png", tmp_path / "two", dark=True)
    assert light.brightness > 180 > 80 > dark.brightness
    assert light.different_rows > 100
