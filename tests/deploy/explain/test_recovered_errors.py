"""What became of a fault decides: gone on, settled, printed by tests, the last thing before the end."""

import random
from pathlib import Path

import pytest

from afterpush.deploy.explain.answer import Explanation, Known
from afterpush.deploy.explain.explanation import explain
from afterpush.deploy.explain.fingerprint import DIGEST_BYTES, MOST_LINES, fingerprint, packed, unpacked
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.digitalocean.steps import Reason
from tests.support.shared import ROOT

FAILURES = load_failures()
PASSED = ROOT / "tests" / "data" / "passed_logs"
WORK = [
    "GET /orders/7 200 in 9 ms",
    "copied assets/logo.svg",
    "cache filled with 12 keys",
    "compiled page p3",
    "tick",
]
ENDS = {
    "compile_error": ["src/cart.ts(3,1): error TS2339: Property 'vat' does not exist on type 'Cart'."],
    "app_crash": [
        "TypeError: total is not a function",
        "    at /srv/app.js:3:1",
        "container exited with code 1",
    ],
    "module_not_found": ["Error: Cannot find module './plans'", "Require stack:", "- /srv/app.js"],
    "migration_failed": ['ERROR: column "vat" of relation "orders" already exists', 'job "migrate" failed'],
}
LIVED_WITH = [
    "SENTRY_DSN is not set, error reports are disabled",
    "Error: connect ECONNREFUSED 10.0.0.7:6379",
    "psql: error: connection to server at \"db\", port 5432 failed: Connection refused",
    "mkdir: cannot create directory '/var/x': Permission denied",
    "ModuleNotFoundError: No module named 'uvloop'",
    "[WARN] the lock file is not up to date, going on",
    "npm warn ERESOLVE overriding peer dependency",
    "worker 3 ran out of memory and was killed; a new one is started",
    "429 Too Many Requests from the rates service",
    "NOTICE:  table \"old\" does not exist, skipping",
    "@acme/web:test: ✓ says that the port is already in use",
    "Error: EROFS: read-only file system, open '/etc/app.json'",
    "sh: 1: lsof: not found",
    "request timed out after 3000 ms",
    "FATAL: password authentication failed for user \"probe\"",
]  # fmt: skip


def explained(log: str, known: Known | None = None) -> Explanation:
    return explain([log.encode()], FAILURES, known or Known())


@pytest.mark.parametrize("line", LIVED_WITH)
@pytest.mark.parametrize("ending", ENDS)
def test_a_fault_that_was_lived_with_does_not_take_the_verdict(line: str, ending: str) -> None:
    dice = random.Random(line + ending)
    lines = ["> shop@1.0.0 start", line, *(dice.choice(WORK) for _ in range(40)), *ENDS[ending]]
    if dice.random() < 0.5:
        lines = [f"web 2025-03-11T09:00:{at:02d}.000000000Z {text}" for at, text in enumerate(lines)]
    assert explained("\n".join(lines) + "\n").category == ending


ENDS_WELL = {
    "maven": (
        "[INFO] Running shop.MoveTest\n"
        "java.io.IOException: No space left on device\n"
        "[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0\n"
        "[INFO] BUILD SUCCESS\n"
    ),
    "travis": (
        "$ ./setup.sh\n"
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n"
        'The command "./setup.sh" exited with 1.\n'
        "$ mvn test\n"
        "Tests run: 1, Failures: 0, Errors: 0\n"
        "Done. Your build exited with 0.\n"
    ),
    "go": (
        "2025/03/11 09:14:02 panic recovered: dial tcp 10.0.0.1:5432: connect: connection refused\n"
        "ok  \tgithub.com/acme/shop/cart\t0.014s\n"
    ),
    "jest": (
        "  console.error\n"
        "    Error: EACCES: permission denied, open '/x'\n"
        "\n"
        "PASS test/a.test.js\n"
        "Tests:       4 passed, 4 total\n"
    ),
    "npm, tried again": (
        "npm error code ECONNRESET\n"
        "npm error network aborted\n"
        "retrying npm ci (2 of 3)\n"
        "added 812 packages in 21s\n"
    ),
    "a worker replaced": (
        "[CRITICAL] WORKER TIMEOUT (pid:9)\n"
        "Worker (pid:9) was sent SIGKILL! Perhaps out of memory?\n"
        "Booting worker with pid: 12\n"
        '10.0.0.1 - - "GET /healthz HTTP/1.1" 200 2\n'
        '10.0.0.1 - - "GET /orders HTTP/1.1" 200 912\n'
    ),
    "rolled out": (
        'Waiting for deployment "api" rollout to finish: 1 old replicas are pending termination...\n'
        'deployment "api" successfully rolled out\n'
    ),
    "buildkit": (
        "#5 [1/3] FROM node:22\n"
        "#5 ERROR: 429 Too Many Requests\n"
        "#5 retrying in 5s\n"
        "#5 DONE 3.1s\n"
        "#9 naming to registry.example.org/shop done\n"
        "#9 DONE 1.2s\n"
    ),
    "old instance": (
        "api listening on :8080\ncomponent api: old instance exited with code 143\nGET /healthz 200\n"
    ),
}


@pytest.mark.parametrize("kind", ENDS_WELL)
def test_a_log_that_ends_well_gets_no_cause(kind: str) -> None:
    assert explained(ENDS_WELL[kind]).category in (None, "unknown")


def test_a_platform_that_reports_a_failure_is_believed_over_a_log_that_ends_well() -> None:
    known = Known(reason=Reason("DeployContainerHealthChecksFailed", "health checks failed", "api", "wait"))
    found = explained("added 812 packages in 21s\nlistening on 0.0.0.0:8080\n", known)
    assert (found.category, found.component, found.step) == ("health_check_failed", "api", "wait")


def test_what_tests_print_does_not_beat_the_summary_of_their_runner() -> None:
    log = (
        "tests/test_a.py F.\nE   AssertionError: 1 != 2\n"
        "PermissionError: [Errno 13] Permission denied: '/x'\n"
        "FAILED tests/test_a.py::test_a\n====== 1 failed, 1 passed in 0.1s ======\n"
    )
    assert explained(log).category == "test_failed"


def test_a_fault_that_comes_back_until_the_end_counts_and_its_first_line_is_the_root() -> None:
    refused = "Error: connect ECONNREFUSED 10.0.0.5:5432\n"
    log = refused + "GET /healthz 503\n" + refused * 5 + "Readiness probe failed: statuscode: 503\n"
    found = explained(log)
    assert (found.category, found.line_number) == ("database_unreachable", 1)


def test_the_answer_says_what_it_rests_on() -> None:
    found = explained(
        "api 2025-03-11T09:00:00.0Z TypeError: x\napi 2025-03-11T09:00:01.0Z process exited with code 1\n"
    )
    assert found.component == "api"
    assert found.evidence == ("line 1: TypeError: x", "line 2: process exited with code 1")
    assert 0.3 < found.confidence <= 0.95


def test_lines_of_the_last_good_log_weigh_half() -> None:
    usual = "sh: 1: legacy-tool: Permission denied\n"
    log = f"{usual}TypeError: x is not a function\n    at a.js:1:1\n"
    good = fingerprint([f"2025-03-11T09:00:00Z {usual}".encode()])
    assert explained(log).category == "permission_denied"
    assert explained(log, Known(passing=good)).category == "app_crash"
    assert explained(usual, Known(passing=good)).category == "permission_denied", "a weight, no filter"


def test_a_fingerprint_holds_no_text_and_stays_small() -> None:
    log = "".join(f"{chr(97 + at % 26) * (at // 26 + 1)} secret\n" for at in range(5000))
    found = fingerprint([log.encode()])
    assert unpacked(packed(found)) == found
    assert b"secret" not in packed(found)
    assert MOST_LINES * DIGEST_BYTES <= 200_000
    assert unpacked(packed(found)[:-2]) < found


@pytest.mark.parametrize("path", sorted(PASSED.glob("*.log")), ids=lambda path: str(path.stem))
def test_the_log_of_a_run_that_passed_gets_no_cause(path: Path) -> None:
    found = explained(path.read_text(encoding="utf-8"))
    assert found.category in (None, "unknown"), (found.signature, found.line)


def test_what_a_later_step_prints_is_not_the_first_cause() -> None:
    log = (
        "$ npm test\nTests:       1 failed, 11 passed, 12 total\nnpm ERR! Test failed.  See above for more.\n"
        "Running after_script\n$ cat logs/app.log\nError: connect ECONNREFUSED 10.0.0.7:6379\n"
        "ERROR: Job failed: exit code 1\n"
    )
    assert explained(log).category == "test_failed"


def test_the_logs_of_one_crash_tell_its_cause_in_whatever_order_they_were_kept() -> None:
    """The deploy log ends with the health check, and the run log begins with the command again."""
    run = "> node dist/index.js\nTypeError: vat is undefined\n    at a.js:1:1\n"
    deploy = f"{run}ERROR failed health checks after 9 attempts with error Readiness probe failed\n"
    for log in (deploy, f"{deploy}\n{run}", f"{run}\n{deploy}"):
        found = explained(log, Known(failed=True))
        assert (found.category, found.line) == ("app_crash", "TypeError: vat is undefined"), log
