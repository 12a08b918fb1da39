"""From a push to a verdict: is the commit live, and if not, why?"""

from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.tasks._task import Json, answer, number, task, whole_number
from afterpush.workflows.app_repository import app_repository
from afterpush.workflows.deploy.remote_monitor import ask_there
from afterpush.workflows.deploy.watch import commit_of, start_background, started_text
from afterpush.workflows.hooks import tell_unwatched

SHA = "the commit, as git can resolve it (default: HEAD)"
HOST = "user@host or an alias of ~/.ssh/config: a background monitor on that machine"


@task()
def monitor(
    sha: Flag[Any, SHA] = None,
    background: Flag[
        bool, "detach: print pid and log path, and go on watching without this terminal"
    ] = False,
    timeout: Flag[Any, "seconds until the verdict is timeout (default: deploy.timeout_seconds)"] = None,
    strict: Flag[bool, "live but not ready at health.url is no success (exit 1)"] = False,
    host: Flag[Any, HOST] = None,
    json: Json = False,
) -> ExitCode | int:
    """Watch a commit until it is live, or say why it is not."""
    from afterpush.workflows.deploy.monitoring import monitor_here

    here = app_repository()
    commit = commit_of(here, sha)
    seconds = number(timeout, "--timeout")
    if host:
        flags = {"background": True, "timeout": seconds, "strict": strict, "json": json}
        return ask_there(here, host, commit, "deploy.monitor", **flags)
    if not background:
        return monitor_here(here, commit, timeout_seconds=seconds, strict=strict, json=json)
    started = start_background(here, commit, timeout_seconds=seconds, strict=strict)
    return answer(started, started_text, json=json)


@task()
def status(
    sha: Flag[Any, SHA] = None,
    wait: Flag[bool, "wait for the verdict of a monitor that runs"] = False,
    timeout: Flag[Any, "with --wait: seconds until the answer is given as it stands (exit 7)"] = None,
    host: Flag[Any, HOST] = None,
    json: Json = False,
) -> ExitCode | int:
    """Show what is live, in progress and failed, or one commit's status."""
    from afterpush.workflows.deploy.status import print_status, status_here

    here = app_repository()
    tell_unwatched(here)
    commit = commit_of(here, sha)
    seconds = number(timeout, "--timeout")
    if seconds is not None and not wait:
        raise AfterpushError("--timeout says how long to --wait; give both, or leave it out")
    if host:
        return ask_there(here, host, commit, "deploy.status", wait=wait, timeout=seconds, json=json)
    found = status_here(here, commit, wait=wait, timeout_seconds=seconds, json=json)
    print_status(here, found, with_overview=sha is None and not wait, json=json)
    return found.exit_code


@task()
def monitors(json: Json = False) -> ExitCode:
    """List the monitors of this repository: running, crashed, finished."""
    from afterpush.deploy.monitor.status import monitors as listed
    from afterpush.deploy.report.terminal import monitor_table

    found = listed(app_repository().state, SystemClock().now())
    return answer(found, monitor_table, json=json)


@task()
def stop(
    sha: Flag[Any, SHA] = None,
    all: Flag[bool, "stop every monitor of this repository"] = False,
    dry_run: Flag[bool, "only tell which would be stopped"] = False,
    host: Flag[Any, HOST] = None,
    json: Json = False,
) -> ExitCode | int:
    """End a background monitor; the deployment itself goes on."""
    from afterpush.deploy.monitor import stopping
    from afterpush.deploy.report.terminal import stop_lines

    here, clock = app_repository(), SystemClock()
    if all and sha:
        raise AfterpushError("--all stops every monitor; leave --sha out")
    if host:
        flags = {"all": all, "dry_run": dry_run, "json": json}
        return ask_there(here, host, commit_of(here, sha), "deploy.stop", **flags)
    ended = (
        stopping.stop_all(here.state, clock, dry_run=dry_run)
        if all
        else [stopping.stop(here.state, commit_of(here, sha), clock, dry_run=dry_run)]
    )
    return answer(ended, stop_lines, json=json)


@task()
def cleanup(
    days: Flag[Any, "remove what has not changed for so many days (default: 7, or deploy.keep_days)"] = None,
    dry_run: Flag[bool, "only count"] = False,
    json: Json = False,
) -> ExitCode:
    """Remove old files of finished monitors."""
    from afterpush.deploy.monitor.cleanup import cleanup as clean

    here = app_repository()
    age = number(days, "--days", default=here.settings.deploy.keep_days) or 0.0
    cleaned = clean(here.state, SystemClock().now(), age, dry_run=dry_run)
    return answer(cleaned, lambda _: cleaned.text("would remove" if dry_run else "removed"), json=json)


@task()
def logs(
    sha: Flag[Any, SHA] = None,
    type: Flag[
        str, "build, deploy, run, run_restarted (the instance before a crash) or job (default: build)"
    ] = "build",
    component: Flag[Any, "only the log of this component"] = None,
    tail: Flag[Any, "only so many last lines"] = None,
    follow: Flag[bool, "go on printing while the log grows (not with --host)"] = False,
    host: Flag[Any, HOST] = None,
) -> ExitCode | int:
    """Print the platform's log of a commit's deployment."""
    from afterpush.workflows.deploy.logs import LogRequest, print_logs

    wanted = LogRequest.of(
        type, component, whole_number(tail, "--tail", default=1, least=1) if tail else None, follow=follow
    )
    here = app_repository()
    if host:
        if follow:
            raise AfterpushError("--follow does not work with --host; leave one of them out")
        flags = {"type": wanted.type, "component": wanted.component, "tail": wanted.tail}
        return ask_there(here, host, commit_of(here, sha), "deploy.logs", **flags)
    return print_logs(here, commit_of(here, sha), wanted)


@task()
def explain(
    sha: Flag[Any, SHA] = None,
    log: Flag[Any, "explain this file instead (-: standard input); it may come from anywhere"] = None,
    passing: Flag[Any, "the log of a run that went well: lines that are there too weigh less"] = None,
    brief: Flag[bool, "at most 900 bytes"] = False,
    guide: Flag[Any, "print the guide to this category instead"] = None,
    json: Json = False,
) -> ExitCode:
    """Say why a deployment failed, and what to do."""
    from afterpush.workflows.deploy.explain import print_explanation, print_guide

    if guide is not None:
        print_guide(str(guide), json=json)
    else:
        print_explanation(sha, log, passing, brief=brief, json=json)
    return ExitCode.GOOD


@task()
def history(
    limit: Flag[Any, "how many, the latest first (default: 20; all for --html and --dora)"] = None,
    html: Flag[Any, "write one self-contained page to this file"] = None,
    dora: Flag[
        bool, "the four DORA figures: frequency, lead time, change failure rate, time to restore"
    ] = False,
    days: Flag[Any, "the window of the DORA figures (default: 30)"] = None,
    watches: Flag[bool, "every single watch, not each deployment once"] = False,
    json: Json = False,
) -> ExitCode:
    """Show past deployments, why they failed and who waited; also as an HTML page."""
    from afterpush.workflows.deploy.history import show_history

    window = number(days, "--days", default=30, least=0.01) or 30.0
    count = whole_number(limit, "--limit", default=0 if html or dora else 20, least=0 if limit is None else 1)
    page = None if html is None else str(html)
    show_history(count or None, page, window, dora=dora, watches=watches, json=json)
    return ExitCode.GOOD


ns = Collection("deploy", monitor, status, monitors, stop, cleanup, logs, explain, history)
