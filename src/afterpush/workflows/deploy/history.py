"""History in the terminal, as a page, and as DORA figures."""

from pathlib import Path

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.dora import dora
from afterpush.deploy.report.figures import distinct, figures
from afterpush.deploy.report.terminal import BARS, counted, dora_text, history_text
from afterpush.infra.clock import SystemClock, rfc3339
from afterpush.infra.console import can_show, note, plain, print_json, say, terminal_width
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic
from afterpush.workflows.app_repository import AppRepository, app_repository
from afterpush.workflows.deploy.monitoring import read_history


def print_history(here: AppRepository, *, limit: int | None, watches: bool, json: bool) -> None:
    """Each deployment once, or every single watch, with their figures; as JSON the bare list."""
    from afterpush.deploy.report.terminal import history_documents

    records = read_history(here, None)
    shown = (records if watches else distinct(records))[:limit]
    if json:
        print_json(history_documents(shown))
    else:
        say(history_text(shown, figures(shown), terminal_width(), is_ascii=not can_show(BARS)))


def print_dora(here: AppRepository, *, limit: int | None, window_days: float, json: bool) -> None:
    """The DORA figures; as JSON one document with the other figures of the history."""
    records = distinct(read_history(here, limit))
    measured = dora(records, SystemClock().now(), window_days)
    if json:
        since = measured.failing_since
        document = plain(measured) | {"failing_since": rfc3339(since) if since else None}
        print_json(document | {"history": plain(figures(records))})
    else:
        say(dora_text(measured))


def write_page(here: AppRepository, name: str, *, limit: int | None, window_days: float) -> None:
    """Writes the page; says where. Raises AfterpushError when the file cannot be written."""
    from afterpush.deploy.report.page import history_page

    now = SystemClock().now()
    records: list[HistoryRecord] = distinct(read_history(here, limit))
    page = history_page(
        here.settings.deploy.app or here.root.name,
        records,
        figures(records),
        dora(records, now, window_days),
        now,
    )
    if not name:
        raise AfterpushError("--html is empty; give the file to write")
    path = Path(name).expanduser()
    try:
        write_atomic(path, page)
    except OSError as error:
        raise AfterpushError(
            f"writing the page {path}: {error.strerror}; give a path that is writable"
        ) from error
    note(f"wrote {path} ({counted(len(records), 'deployment')}); open it in a browser")


def show_history(
    limit: int | None, html: str | None, window_days: float, *, dora: bool, watches: bool, json: bool
) -> None:
    """What was asked for: the page, the DORA figures, or the list (not after a page, unless as JSON)."""
    here = app_repository()
    if html is not None:
        write_page(here, html, limit=limit, window_days=window_days)
    if dora:
        print_dora(here, limit=limit, window_days=window_days, json=json)
    elif json or html is None:
        print_history(here, limit=limit, watches=watches, json=json)
