"""`deploy.logs` as a user runs it."""

import re

import pytest

from afterpush.simulator.model import TOKEN
from afterpush.simulator.scenario import Plan, Stage
from afterpush.simulator.specs import app_spec, from_github
from tests.support.deployed import Site
from tests.support.faults import FakePlatform
from tests.support.platform import served
from tests.support.repositories import Repository

WORDS = tuple(f"line {number}" for number in range(30))
LOGS = {
    "BUILD": WORDS,
    "DEPLOY": ("starting",),
    "RUN": ("listening",),
    "RUN_RESTARTED": ("crashed",),
    "JOB_INVOCATION": ("seed failed: no such table",),
}
UNKIND = (f"token {TOKEN}", "\x1b]52;c;cm0=\x07bell", "\x1b[31mred\x1b[0m", "x" * 150_000)


def texts(out: str) -> list[str]:
    """What stands behind the component and the time of each line."""
    return [line.split(" ", 2)[2] for line in out.splitlines()]


def test_a_growing_log_is_followed_to_its_end_each_line_once(site: Site) -> None:
    site.commit(Plan(stages=(Stage("BUILDING", 3), Stage("DEPLOYING", 20)), logs=LOGS))
    answer = site.run("deploy.logs", "--follow")
    assert answer.code == 0, answer.err
    assert texts(answer.out) == list(WORDS)


@pytest.mark.parametrize("words", [[], ["--follow"]])
def test_an_archive_is_read_past_its_redirect_and_ends(site: Site, words: list[str]) -> None:
    site.commit(Plan(stages=(Stage("BUILDING", 0.2),), ending="ERROR", logs=LOGS))
    assert site.run("deploy.monitor").code == 1
    answer = site.run("deploy.logs", *words)
    assert answer.code == 0 and texts(answer.out) == list(WORDS)


def test_the_last_lines_and_every_type(site: Site) -> None:
    site.commit(Plan(stages=(Stage("BUILDING", 0.1), Stage("DEPLOYING", 0.1)), logs=LOGS))
    assert site.run("deploy.monitor").code == 0
    assert texts(site.run("deploy.logs", "--tail=2").out) == ["line 28", "line 29"]
    assert texts(site.run("deploy.logs", "--type=run_restarted").out) == ["crashed"]
    assert texts(site.run("deploy.logs", "--type=RUN-RESTARTED", "--component=web").out) == ["crashed"]
    none = site.run("deploy.logs", "--type=job")
    assert none.code == 1 and "no job" in none.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--type=nonesuch"], "run_restarted"),
        (["--component=nonesuch"], "web"),
        (["--tail=0"], "--tail"),
        (["--tail=many"], "--tail"),
        (["--type=job", "--follow"], "--follow"),
    ],
)
def test_a_wrong_flag_is_named_with_what_is_valid(site: Site, words: list[str], said: str) -> None:
    site.commit()
    answer = site.run("deploy.logs", *words)
    assert answer.code == 2 and said in answer.err and answer.out == ""


def test_a_log_of_a_phase_that_was_not_reached_says_so(site: Site) -> None:
    site.commit(Plan(stages=(Stage("BUILDING", 60),), logs=LOGS))
    answer = site.run("deploy.logs", "--type=run")
    assert answer.code == 1 and "its phase is" in answer.err


def test_secrets_and_control_characters_are_not_shown_and_long_lines_are(site: Site) -> None:
    site.commit(Plan(stages=(Stage("BUILDING", 0.1),), ending="ERROR", logs={"BUILD": UNKIND}))
    assert site.run("deploy.monitor").code == 1
    assert texts(site.run("deploy.logs").out) == ["token [REDACTED]", "bell", "red", "x" * 150_000]


def test_an_app_with_functions_and_a_job(repository: Repository) -> None:
    """Its socket of all components is refused, so each is followed by itself."""
    parts = {
        kind: [from_github(name, "acme/shop")] for kind, name in (("jobs", "seed"), ("functions", "hooks"))
    }
    platform = FakePlatform()
    platform.add_app(app_spec() | parts, live_sha="c0ffee5" + "2" * 33)
    with served(platform) as here:
        site = Site(repository, here, here.variables | {"AFTERPUSH_APP": here.app_id})
        site.commit(Plan(stages=(Stage("BUILDING", 3), Stage("DEPLOYING", 0.2)), logs=LOGS))
        followed = site.run("deploy.logs", "--follow")
        assert followed.code == 0, followed.err
        for name in ("web", "seed"):
            own = [line for line in followed.out.splitlines() if line.startswith(f"{name} ")]
            assert texts("\n".join(own)) == list(WORDS)
        assert site.run("deploy.monitor").code == 0
        job = site.run("deploy.logs", "--type=job", "--component=seed")
    assert job.code == 0, job.err
    heading, line = job.out.splitlines()
    assert re.match(r"== job seed: FAILED \(schedule, began \S+Z, took 5.0 s\)", heading)
    assert line.startswith("seed ") and line.endswith("seed failed: no such table")
