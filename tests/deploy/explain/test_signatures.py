"""The signatures themselves: what each needs, what speaks for and against it, how fast it gives up."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterpush.deploy.explain import explanation
from afterpush.deploy.explain.answer import Explanation
from afterpush.deploy.explain.explanation import explain
from afterpush.deploy.explain.line_prefix import body
from afterpush.deploy.explain.rendering import guide
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.deploy.explain.signatures import UNKNOWN, Pattern, Signature
from afterpush.infra.errors import AfterpushError
from tests.support.regex_needs import proved

FAILURES = load_failures()
CONDITIONAL = [entry for entry in FAILURES.signatures if entry.also or entry.against]


def explained(log: str) -> Explanation:
    return explain([log.encode()], FAILURES)


def named(signature: Signature) -> str:
    return signature.id


def patterns() -> Iterator[tuple[str, Pattern]]:
    for entry in FAILURES.signatures:
        for pattern in (entry, entry.also, entry.against):
            if pattern:
                yield entry.id, pattern
    for outcome in FAILURES.outcomes:
        yield f"{outcome.result} of a {outcome.level}", outcome
    for kind, pattern in enumerate(FAILURES.faults):
        yield f"fault of kind {kind}", pattern


@pytest.mark.parametrize("signature", FAILURES.signatures, ids=named)
def test_the_sample_of_a_signature_is_explained_by_its_category(signature: Signature) -> None:
    sample = signature.sample
    assert sample, "every signature has a sample"
    assert explained(sample).category == signature.category
    assert any(signature.search(body(line)) for line in sample.splitlines())


@pytest.mark.parametrize("signature", [s for s in FAILURES.signatures if s.counter], ids=named)
def test_what_only_looks_like_a_signature_is_not_explained_by_it(signature: Signature) -> None:
    assert explained(signature.counter or "").signature != signature.id


@pytest.mark.parametrize("signature", CONDITIONAL, ids=named)
def test_a_signature_that_looks_at_other_lines_shows_when_it_does_not_hold(signature: Signature) -> None:
    assert signature.counter


def test_what_a_pattern_needs_stands_in_every_line_that_it_matches() -> None:
    assert [
        name for name, pattern in patterns() if not proved(pattern.pattern.text, list(pattern.needs))
    ] == []


def test_the_proof_of_needs_knows_what_it_cannot_prove() -> None:
    assert proved("(foo|fob)ar baz?", ["fooar", "fobar"])
    assert proved(r"x?abcd+e", ["abcd"])
    assert proved(r"(?P<n>aa|b[cd])ef", ["aaef", "bcef", "bdef"])
    assert proved("TS[12]: (?!x)", ["ts1: ", "ts2: "])
    for pattern, needs in (
        ("fo+ bar|baz", [" bar"]),
        ("(abc)?de", ["abc"]),
        ("a.b", ["ab"]),
        ("ab*c", ["ab"]),
    ):
        assert not proved(pattern, needs), pattern


def test_no_two_signatures_have_one_id_and_every_category_is_used() -> None:
    counts = Counter(signature.id for signature in FAILURES.signatures)
    assert [name for name, count in counts.items() if count > 1] == []
    assert {entry.category for entry in FAILURES.signatures} == set(FAILURES.categories) - {UNKNOWN}


LONG = {
    "folders": "/home/ci/.m2/repository/org/acme/error-prone" * 90,
    "class path": "/lib/failover-part.jar:" * 180,
    "words": "error failed exception missing " * 130,
    "spaces": " " * 4000 + "x",
    "digits": "1234567890" * 400,
    "dots and dashes": ".-_" * 1300,
    "quotes": "\"'`" * 1300,
    "brackets": "[({<" * 1000,
    "paths with lines": "src/a.java:1:2: error " * 180,
}


@pytest.mark.parametrize("kind", LONG)
def test_no_expression_is_lost_in_a_long_line(kind: str) -> None:
    lines = [
        LONG[kind],
        f"  at {LONG[kind]}",
        f"error: {LONG[kind]} failed",
        f"{LONG[kind]}: permission denied",
    ]
    every = [pattern.pattern for _, pattern in patterns()]
    every += [pattern.unless for _, pattern in patterns() if pattern.unless]
    every += [FAILURES.benign, FAILURES.doubtful, FAILURES.trace, FAILURES.progress]
    for expression in every:
        for line in lines:
            began = time.process_time()
            expression.search(line)
            assert time.process_time() - began < 1.0, expression.text[:200]


@pytest.mark.parametrize("category", FAILURES.categories)
def test_every_category_has_a_section_in_the_guide(category: str) -> None:
    assert guide(category).startswith(f"{category}\n\n")
    assert "**Do:**" in guide(category)


def test_an_unknown_section_names_the_nearest() -> None:
    with pytest.raises(AfterpushError, match="did you mean timeout"):
        guide("timeouts")


def team_file(root: Path, text: str) -> Path:
    path = root / "config" / "failures.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return root


def test_the_teams_signatures_extend_and_replace_ours(tmp_path: Path) -> None:
    root = team_file(
        tmp_path,
        "signatures:\n"
        "  - id: licence-server\n    category: platform_error\n    weight: 95\n"
        "    pattern: 'licence server (?P<name>\\S+) did not answer'\n    hint: Restart {name}.\n"
        "  - id: npm-eresolve\n    category: build_command_failed\n    weight: 99\n"
        "    pattern: code ERESOLVE\n",
    )
    failures = load_failures(root)
    found = explain([b"npm ERR! code E404\nlicence server lic-2 did not answer\n"], failures)
    assert (found.category, found.hint) == ("platform_error", "Restart lic-2.")
    assert explain([b"npm ERR! code ERESOLVE\n"], failures).category == "build_command_failed"
    assert len(failures.signatures) == len(FAILURES.signatures) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signatures: [{id: a, category: oom, pattern: abcd}]", "no category oom"),
        ("signatures: [{id: a, category: unknown, pattern: '(abcd'}]", "signature a"),
        ("signatures: [{id: a, category: unknown, pattern: abcd, needs: [ABCD]}]", "lower case"),
        ("signatures: [{id: a, category: timeout, pattern: abcd, weight: 300}]", "weight 300"),
        ("signatures: [{id: a, category: timeout, patern: abcd}]", "patern"),
        ("signatures: 7", "signatures"),
        ("a: [b", "not valid YAML"),
        ("outcomes: [{pattern: abcd, result: succes, level: tool}]", "did you mean success"),
        ("outcomes: [{pattern: abcd, result: success, level: tol}]", "did you mean tool"),
    ],
)
def test_a_mistake_in_the_teams_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AfterpushError, match=re.escape(said)):
        load_failures(team_file(tmp_path, text))


def test_an_expression_of_the_team_that_backtracks_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation, "TEAM_SECONDS", 0.3)
    signature = "{id: slow, category: timeout, pattern: '^(?:x+)+$'}"
    failures = load_failures(team_file(tmp_path, f"signatures: [{signature}]"))
    with pytest.raises(AfterpushError, match=r"config/failures\.yaml: it took longer"):
        explain([b"x" * 60 + b"!\n"], failures)
