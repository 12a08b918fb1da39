"""Catching logs: what the files hold, what they never hold, and what becomes of them."""

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.logs import capture
from afterpush.deploy.logs.bounded_log import HEAD_BYTES, SUSPICIOUS_BYTES, TAIL_BYTES, LogFile
from afterpush.deploy.watch.facts import Finished, State, Verdict
from afterpush.infra.clock import SystemClock
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor
from afterpush.infra.state import state_folder
from afterpush.simulator.scenario import build_failure, deploy_failure, live
from tests.deploy.conftest import World

REDACTOR = Redactor([Secret("swordfish-9")])


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, the last look gets its logs."""
    monkeypatch.setattr(capture, "LAST_LOOK_SECONDS", 180.0)


def caught(path: Path) -> LogFile:
    return LogFile(path, lambda line: redact_log(line, REDACTOR))


def test_colours_and_secrets_do_not_reach_the_disk(tmp_path: Path) -> None:
    log = caught(tmp_path / "a.log")
    log.add(b"\x1b[31mred\x1b[0m 10%\r100% \x1b]8;;http://x\x07link\x1b]8;;\x07")
    log.add(("password is swordfish-9, DB_PASS=hunter2, dop_v1_" + "ab" * 32).encode())
    log.flush()
    text = (tmp_path / "a.log").read_text()
    assert text.startswith("100% link\n")
    for secret in ("\x1b", "swordfish", "hunter2", "abab"):
        assert secret not in text


def test_the_lines_of_a_private_key_do_not_reach_the_disk(tmp_path: Path) -> None:
    log = caught(tmp_path / "a.log")
    for line in (
        "before",
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA",
        "-----END RSA PRIVATE KEY-----",
    ):
        log.add(line.encode())
    log.add(b"after")
    log.flush()
    assert (tmp_path / "a.log").read_text() == "before\n[REDACTED]\nafter\n"


def test_the_file_is_private_and_never_written_through_a_link(tmp_path: Path) -> None:
    log = caught(tmp_path / "a.log")
    log.add(b"x")
    log.flush()
    assert (tmp_path / "a.log").stat().st_mode & 0o777 == 0o600
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "b.log").symlink_to(victim)
    linked = caught(tmp_path / "b.log")
    linked.add(b"x")
    linked.flush()
    assert linked.failure is not None
    assert victim.read_text() == "precious"


def test_head_tail_and_suspicious_regions_are_kept_and_the_size_is_bounded(tmp_path: Path) -> None:
    log = caught(tmp_path / "a.log")
    filler = "GET /api/orders 200 in 12 ms, served from the cache as always"
    log.add(b"the first line")
    for number in range(40_000):
        log.add(filler.encode())
        if number == 20_000:
            log.add(b"Error: the one that matters")
        if number % 7000 == 0:
            log.flush()
    log.add(b"the last line")
    log.flush()
    text = (tmp_path / "a.log").read_text()
    assert text.startswith("the first line\n")
    assert text.endswith("the last line\n")
    assert "Error: the one that matters" in text
    assert "lines left out" in text
    assert len(text) < HEAD_BYTES + TAIL_BYTES + SUSPICIOUS_BYTES


def test_even_a_log_of_errors_only_is_bounded(tmp_path: Path) -> None:
    log = caught(tmp_path / "a.log")
    for number in range(30_000):
        log.add(f"error number {number}: the connection was refused, and that is a longer line".encode())
    log.flush()
    size = (tmp_path / "a.log").stat().st_size
    assert size < HEAD_BYTES + TAIL_BYTES + SUSPICIOUS_BYTES + 10_000
    assert (
        (tmp_path / "a.log")
        .read_text()
        .endswith("error number 29999: the connection was refused, and that is a longer line\n")
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.booleans()), max_size=40))
def test_flushing_in_between_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    often, once = caught(folder / "often"), caught(folder / "once")
    for line, is_flushed in steps:
        often.add(line.encode("utf-8", "replace"))
        once.add(line.encode("utf-8", "replace"))
        if is_flushed:
            often.flush()
    often.flush()
    once.flush()
    if steps:
        assert (folder / "often").read_bytes() == (folder / "once").read_bytes()


def test_a_folder_that_cannot_be_written_costs_the_log_and_raises_nothing(tmp_path: Path) -> None:
    log = caught(tmp_path / "none" / "a.log")
    log.add(b"x")
    log.flush()
    assert isinstance(log.failure, OSError)
    log.remove()


def run_capture(world: World, sha: str) -> tuple[Finished, list[Path]]:
    """A watch on the fake clock with a capture beside it, as a session runs it."""
    folder = state_folder(world.repository.path).ready()
    prepared = world.prepare(sha)
    assert prepared.platform
    capturing = capture.Capture(folder, sha, REDACTOR, prepared.platform.api.apart(), SystemClock())
    state: State | None = None
    for state in world.states(sha, prepared):
        capturing.observe(state, prepared.app_id)
    assert isinstance(state, Finished)
    return state, list(capturing.finish(state.verdict).paths)


def test_the_log_of_a_failed_build_is_kept(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=build_failure())
    ended, paths = run_capture(world, sha)
    assert ended.verdict is Verdict.FAILED
    assert [path.name for path in paths] == [f"deployment-status-{sha[:7]}.build.log"]
    assert "ERR_PNPM_OUTDATED_LOCKFILE" in paths[0].read_text()
    assert paths[0].read_text().count("ERR_PNPM_OUTDATED_LOCKFILE") == 1


def test_the_log_of_a_failed_start_is_kept_although_the_platform_forgets_it(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=deploy_failure())
    ended, paths = run_capture(world, sha)
    assert ended.verdict is Verdict.FAILED
    kinds = [path.name.split(".")[1] for path in paths]
    assert "deploy" in kinds
    assert "build" in kinds
    deploy = next(path for path in paths if ".deploy." in path.name)
    assert "TypeError: Cannot read properties of undefined" in deploy.read_text()


def test_nothing_is_kept_of_what_went_live(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=live())
    ended, paths = run_capture(world, sha)
    assert (ended.verdict, paths) == (Verdict.LIVE, [])
    folder = state_folder(world.repository.path).path
    assert [path for path in folder.iterdir() if path.name.startswith("deployment-status")] == []


def test_a_platform_that_refuses_logs_costs_nothing_but_the_logs(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=build_failure(log=()))
    ended, paths = run_capture(world, sha)
    assert ended.verdict is Verdict.FAILED
    assert paths == []


def test_no_thread_of_a_capture_is_left_when_the_platform_is_gone(world: World) -> None:
    sha = world.commit()
    world.platform.push(sha, plan=live())
    run_capture(world, sha)
    for thread in threading.enumerate():
        assert thread.daemon or thread is threading.main_thread()
