"""The platform's reason codes: each with a category of ours, one line and what to do."""

import pytest

from afterpush.deploy.explain.answer import Known
from afterpush.deploy.explain.explanation import explain
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.digitalocean.steps import Reason

CODES = (
    "InternalError BuildJobFailed BuildJobExitNonZero BuildJobTimeout BuildJobOutOfMemory BuildRateLimit "
    "DatabaseNotAvailable DatabaseNotFound DatabaseLimitExceeded ContainerCommandNotExecutable "
    "ContainerExitNonZero ContainerHealthChecksFailed ContainerOutOfMemory ResourceExhausted"
).split()
FAILURES = load_failures()


@pytest.mark.parametrize(
    "code", [*CODES, *(f"Deploy{code}" for code in CODES if code.startswith("Container"))]
)
def test_a_code_alone_is_explained(code: str) -> None:
    found = explain([], FAILURES, Known(reason=Reason(code, "as the platform says it", "web")))
    assert found.category in FAILURES.categories and found.category != "unknown"
    assert found.title and found.hint and code in found.line and found.component == "web"


def test_a_line_of_the_log_that_names_the_cause_comes_before_a_code_that_does_not() -> None:
    log = [b"npm error code EUSAGE\nnpm error `npm ci` can only install packages when your package.json and "]
    log += [b"package-lock.json or npm-shrinkwrap.json are in sync.\n"]
    vague = explain(log, FAILURES, Known(reason=Reason("BuildJobExitNonZero")))
    assert vague.category == "lockfile_outdated"
    decisive = explain(log, FAILURES, Known(reason=Reason("ResourceExhausted")))
    assert decisive.category == "platform_error" and "lockfile_outdated" in decisive.symptoms


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("The container exited with code 127.", "not found"),
        ("exit code: 137", "SIGKILL"),
        ("Your app exited with exit code 0", "foreground"),
        ("It ended.", "run log"),
    ],
)
def test_the_exit_code_in_the_message_says_what_to_do(message: str, said: str) -> None:
    found = FAILURES.meaning_of(Reason("DeployContainerExitNonZero", message))
    assert found and said in found.hint


def test_a_code_that_nobody_documented_is_left_to_the_signatures() -> None:
    assert FAILURES.meaning_of(Reason("SomethingNew")) is None
