"""Explaining logs: every signature's own sample, the labelled excerpts, and what logs can do to a reader."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.deploy.explain.answer import Explanation, Known
from afterpush.deploy.explain.explanation import explain, explain_files
from afterpush.deploy.explain.lines import windows
from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.explain.rendering import explanation_text
from afterpush.deploy.explain.scan import KEPT_PER_SIGNATURE, scan
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.digitalocean.steps import Reason
from afterpush.infra.errors import AfterpushError
from tests.support.labelled import NOISE_AFTER, NOISE_BEFORE, Labelled, labelled, messages

FAILURES = load_failures()
CATEGORIES = (
    "lockfile_outdated dependency_install module_not_found compile_error test_failed build_command_failed "
    "out_of_memory disk_full app_crash port_mismatch health_check_failed database_unreachable "
    "schema_mismatch missing_env migration_failed permission_denied rate_limited platform_error timeout "
    "lint_failed unknown"
).split()

CHUNK_BYTES = 1 << 20


def explained(log: str | bytes, reason: Reason | None = None) -> Explanation:
    data = log.encode() if isinstance(log, str) else log
    return explain([data], FAILURES, Known(reason=reason))


def category(log: str) -> str:
    return explained(log).category or "unknown"


@pytest.mark.parametrize("name", ["known", "held-out", "field"])
def test_labelled_excerpts_among_noise_are_explained(name: str) -> None:
    items = labelled(name)
    wrong = [
        f"{item.category} ({item.ecosystem}) explained as {found.category} by {found.signature}: {found.line}"
        for at, item in enumerate(items)
        if ((found := explained(item.with_noise(at))).category or "unknown") != item.category
    ]
    assert len(wrong) <= len(items) * 0.05, "\n".join(wrong)


def test_single_messages_are_explained() -> None:
    wrong = [
        f"{category} explained as {found.category} by {found.signature}: {message}"
        for category, message in messages()
        if (found := explained(message)).category != category
    ]
    assert len(wrong) <= len(messages()) * 0.05, "\n".join(wrong)


def test_ordinary_lines_alone_are_no_failure() -> None:
    assert category("\n".join(NOISE_BEFORE + NOISE_AFTER)) == "unknown"


def test_the_labelled_set_is_large_and_covers_every_category_in_both_halves() -> None:
    known, held_out = labelled("known"), labelled("held-out")
    assert len(known) + len(held_out) >= 120
    assert abs(len(known) - len(held_out)) <= 10
    for half in (known, held_out):
        assert {item.category for item in half} == set(CATEGORIES) - {"lint_failed"}


@pytest.mark.parametrize("name", ["held-out", "field"])
def test_the_root_line_stands_in_the_excerpt(name: str) -> None:
    for item in labelled(name)[::5]:
        found = explained(item.with_noise(7))
        assert found.line in found.excerpt
        assert found.guide.endswith(f"deploy.explain --guide={found.category or 'unknown'}")
        assert found.title and found.hint


@pytest.mark.parametrize("item", labelled("kinds"), ids=lambda item: f"{item.category} {item.ecosystem}")
def test_category_and_root_line_of_many_kinds_of_logs(item: Labelled) -> None:
    found = explained(item.log)
    assert found.category in item.categories, found.signature
    lines = item.log.split("\n")
    near = lines[max(0, (found.line_number or 1) - 3) : (found.line_number or 1) + 2]
    assert any(item.line.lower() in line.lower() for line in near), found.line


def test_a_cause_beats_its_symptom_wherever_it_stands() -> None:
    symptom = "Readiness probe failed: HTTP probe failed with statuscode: 503\n" * 20
    cause = "Error: connect ECONNREFUSED 10.0.0.5:5432\n"
    for log in (symptom + cause, cause + symptom):
        found = explained(log)
        assert found.category == "database_unreachable"
        assert "health_check_failed" in found.symptoms


def test_the_platforms_reason_decides_when_the_log_is_silent_and_yields_to_a_cause() -> None:
    reason = Reason("BuildJobOutOfMemory", "Your build job failed because it was out of memory.", "api")
    silent = explained("compiling\n", reason=reason)
    assert (silent.category, silent.line_number) == ("out_of_memory", None)
    assert "BuildJobOutOfMemory" in silent.line
    health = Reason("DeployContainerHealthChecksFailed", "health checks failed", "api")
    assert explained("Error: connect ECONNREFUSED 10.0.0.5:5432\n", reason=health).category == (
        "database_unreachable"
    )
    assert explained("", reason=health).category == "health_check_failed"


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("BuildJobFailed", "build_command_failed"),
        ("BuildJobExitNonZero", "build_command_failed"),
        ("BuildJobTimeout", "timeout"),
        ("BuildJobOutOfMemory", "out_of_memory"),
        ("BuildRateLimit", "rate_limited"),
        ("DatabaseNotAvailable", "database_unreachable"),
        ("InternalError", "platform_error"),
        ("DeployContainerExitNonZero", "app_crash"),
        ("DeployContainerHealthChecksFailed", "health_check_failed"),
    ],
)
def test_each_reason_code_of_the_platform_has_a_category(code: str, category: str) -> None:
    assert explained("", reason=Reason(code)).category == category


def test_what_a_later_line_settles_does_not_count() -> None:
    log = (
        "Error: connect ECONNREFUSED 10.0.0.5:5432\nconnected to database\n"
        "TypeError: x is not a function\n    at a.js:1:1\n"
    )
    assert explained(log).category == "app_crash"


def test_what_a_passed_test_printed_is_no_failure_but_what_a_failed_one_printed_may_be() -> None:
    refused = "  console.error\n    Error: connect ECONNREFUSED 127.0.0.1:5432\n"
    assert category(f"{refused}Test Suites: 2 passed, 2 total\n") == "unknown"
    assert category(f"{refused}====== 12 passed in 3.1s ======\n") == "unknown"
    assert category(f"{refused}Test Suites: 1 failed, 1 passed, 2 total\n") == "test_failed"


def test_the_source_that_a_trace_repeats_is_not_the_root_line() -> None:
    log = (
        "/app/pay.js:12\n  throw new Error('Missing required config: KEY');\n  ^\n"
        "Error: STRIPE_KEY is not defined\n    at pay (/app/pay.js:12:9)\n"
    )
    assert explained(log).line == "Error: STRIPE_KEY is not defined"
    log = "Traceback (most recent call last):\n    raise ImproperlyConfigured(\n"
    assert explained(f"{log}django.core.exceptions.ImproperlyConfigured: bad label\n").line.endswith(
        "bad label"
    )


def test_a_settled_fault_that_comes_back_counts_again() -> None:
    refused = "Error: connect ECONNREFUSED 10.0.0.5:5432\n"
    assert explained(refused + "connected to database\n" + refused).category == "database_unreachable"


@pytest.mark.parametrize(
    "line",
    [
        "Found 0 errors. Watching for file changes.",
        "[info] error handler registered",
        "✓ refuses when ECONNREFUSED 10.0.0.5:5432 (3 ms)",
        "ok 12 - reports ENOSPC: no space left on device",
        "tests/test_a.py::test_permission_denied PASSED",
        "dist/assets/error-page-4f1c.js   3.11 kB",
        "npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported",
        "Tests: 0 failed, 12 passed, 12 total",
        "Collecting exceptiongroup",
        '{"level":"info","msg":"retry on failure is 3"}',
        "#8 [4/6] RUN npm ci || echo 'npm ci failed: Cannot find module'",
        "dist/assets/index-0IV3Dh10.js   12.3 kB",
        "resolved integrity sha512-12KTdHPh12KTdHPh12KTdHPh12==",
        "GET /api/limits 429 Too Many Requests 0.4 ms",
        '10.244.0.1 - - "GET /admin HTTP/1.1" 403 18',
        "libs/test/InconsistentHistoryTest3.cpp",
        "POSIX P1003.2 utilities",
        "heroku[web.1]: Stopping process with SIGKILL",
        "HEAD is now at 4f1c2ab Fix: out of memory in the importer, Cannot find module 'x'",
    ],
)
def test_a_harmless_line_is_no_failure(line: str) -> None:
    assert category(f"{line}\nServer listening on 0.0.0.0:8080\n") == "unknown"


def test_unknown_shows_the_errors_after_the_last_success_and_makes_up_no_reason() -> None:
    log = (
        "error: the first attempt did not take\nstage one completed\nforging\n"
        "error: the widget forge did not accept blueprint 7\nworker gave status 9\nbye\n"
    )
    found = explained(log)
    assert found.category == "unknown"
    assert found.line == "error: the widget forge did not accept blueprint 7"
    assert "error: the first attempt did not take" not in found.excerpt[-1:]
    assert "worker gave status 9" in found.excerpt


def test_unknown_without_any_fault_shows_the_last_lines_and_an_empty_log_says_so() -> None:
    found = explained("a\nb\nc\n")
    assert (found.category, found.excerpt) == ("unknown", ("a", "b", "c"))
    assert explained("").title == explained("\n").title == "The log is empty."
    assert "the platform says" not in explanation_text(found)


def test_a_reason_that_no_signature_knows_is_the_root_line_when_the_log_shows_no_fault() -> None:
    found = explained("a\nb\n", reason=Reason("NeverHeardOf", "The moon was full.", "api"))
    assert (found.category, found.line) == ("unknown", "api: NeverHeardOf: The moon was full.")
    assert found.line in found.excerpt
    assert f"> {found.line}" in explanation_text(found)


def test_colours_carriage_returns_and_other_encodings_are_read() -> None:
    coloured = "\x1b[31mnpm ERR!\x1b[0m code \x1b[1mERESOLVE\x1b[22m\r\n"
    found = explained(coloured)
    assert (found.category, found.line) == ("dependency_install", "npm ERR! code ERESOLVE")
    assert explained("50%\r100%\rnpm ERR! code ERESOLVE").category == "dependency_install"
    utf16 = "npm ERR! code ERESOLVE\r\n".encode("utf-16")
    assert explained(utf16).category == "dependency_install"
    assert explained(codecs.BOM_UTF8 + coloured.encode()).line == "npm ERR! code ERESOLVE"
    assert explained(utf16).line == "npm ERR! code ERESOLVE"
    assert explained(b"\xff\xfe\x00\xd8npm ERR! code ERESOLVE\n\xc3").excerpt


def test_prefixes_of_platforms_do_not_hide_a_line() -> None:
    for prefix in (
        "2026-03-01T10:11:12.123456789Z ",
        "web 2026-03-01T10:11:12.123Z ",
        "[web] [2026-03-01 10:11:12] ",
        "#12 3.456 ",
        "web-1  | ",
        "2026-05-19T09:49:45.422130144Z │  ",
    ):
        found = explained(f"{prefix}ValueError: bad port\n")
        assert found.category == "app_crash", prefix


def test_secrets_are_not_repeated() -> None:
    token = "dop_v1_" + "a1" * 32
    log = (
        f"DB_PASS=hunter2hunter2\nAuthorization: Bearer abcdefghijklmnop\nusing {token}\n"
        "Error: connect ECONNREFUSED 10.0.0.5:5432\npostgres://app:s3cr3tpw@db:5432/x "
        '{"password": "correcthorse"}\nclient_secret=abcd1234abcd\n'
    )
    text = explanation_text(explained(log))
    for secret in ("hunter2", "abcdefghijklmnop", token, "s3cr3tpw", "correcthorse", "abcd1234abcd"):
        assert secret not in text
    assert "connect ECONNREFUSED" in text


def test_redaction_leaves_what_is_no_secret() -> None:
    for line in (
        "KeyError: 'SECRET_KEY'",
        "JWT_SECRET: missing",
        'password authentication failed for user "app"',
        "Error: DATABASE_URL environment variable is required",
        "API_KEY=undefined",
    ):
        assert redact_log(line) == line


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=200), max_size=12),
    st.integers(min_value=1, max_value=50),
)
def test_any_bytes_in_any_pieces_are_explained(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert explain(pieces, FAILURES).category in CATEGORIES


@settings(max_examples=40, deadline=None)
@given(
    st.integers(min_value=1, max_value=400), st.integers(min_value=0, max_value=len(labelled("known")) - 1)
)
def test_the_pieces_in_which_a_log_comes_do_not_matter(size: int, at: int) -> None:
    log = labelled("known")[at].with_noise(at).encode()
    pieces = [log[start : start + size] for start in range(0, len(log), size)]
    assert explain(pieces, FAILURES) == explain([log], FAILURES)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab\n\r\x1b[3m", max_size=30), max_size=10))
def test_windows_hold_every_line_once_and_in_order(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert looked_at([piece.encode() for piece in pieces]) == looked_at([whole.encode()])


def looked_at(pieces: list[bytes]) -> list[bytes]:
    return [line for window in windows(pieces) for line in window.lines[window.start : window.end]]


def test_a_hit_is_found_wherever_a_piece_of_the_log_ends() -> None:
    filler = b"GET /api/orders 200 in 12 ms\n"
    before = filler * (CHUNK_BYTES // len(filler))
    log = before + b"npm ERR! code ERESOLVE\n" + before
    pieces = [log[at : at + CHUNK_BYTES] for at in range(0, len(log), CHUNK_BYTES)]
    found = explain(pieces, FAILURES)
    assert found.category == "dependency_install"
    assert found.line_number == before.count(b"\n") + 1
    assert len(found.excerpt) > 4


def test_one_endless_line_and_a_fault_within_it_are_read() -> None:
    log = b"x" * 3_000_000 + b" npm ERR! code ERESOLVE " + b"y" * 3_000_000
    pieces = [log[at : at + CHUNK_BYTES] for at in range(0, len(log), CHUNK_BYTES)]
    found = explain(pieces, FAILURES)
    assert found.category == "dependency_install"
    assert max(map(len, found.excerpt)) < 400


def test_the_cause_at_the_end_of_a_log_of_errors_is_found() -> None:
    noise = "".join(
        f"ERROR request {at:x} failed: Error: upstream did not answer, exit code 0, missing file, retry\n"
        for at in range(20_000)
    )
    found = explained(noise + "process web exited with code 137\n")
    assert found.category == "out_of_memory"


def test_what_a_scan_keeps_does_not_grow_with_the_log() -> None:
    line = b"Error: connect ECONNREFUSED 10.0.0.5:5432 error fatal failed status 7\n"
    findings = scan([line * 50_000], FAILURES)
    assert len(findings.hits) <= KEPT_PER_SIGNATURE * len(FAILURES.signatures)
    assert len(findings.faults) <= 40


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AfterpushError, match="cannot read"):
        explain_files([tmp_path / "none.log"], FAILURES)
    with pytest.raises(AfterpushError, match="cannot read"):
        explain_files([tmp_path], FAILURES)
