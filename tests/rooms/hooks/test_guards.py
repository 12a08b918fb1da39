"""Guards: what they see, how they say it, and how one is overridden."""

import pytest

from afterpush.ground.secrets import TOKEN_SHAPES
from afterpush.hooks.guards import force_finding, judge, marker_finding, secret_findings
from afterpush.hooks.policy import Policy

SHA = "c0ffee1" + "0" * 33
TOKEN = "ghp_" + "x" * 36
# Put together at run time: no scanner, ours included, shall find them in this file.
SAMPLES = {
    "DigitalOcean token": "dop_v1_" + "0" * 64,
    "GitHub token": TOKEN,
    "GitLab token": "glpat-" + "x" * 20,
    "AWS access key": "AKIA" + "A" * 16,
    "Slack token": "xoxb-" + "1" * 12,
    "Slack webhook": "https://hooks.slack" + ".com/services/" + "T" * 24,
    "Stripe key": "sk_live_" + "x" * 20,
    "OpenAI or Anthropic key": "sk-ant-" + "x" * 30,
    "Google API key": "AIza" + "x" * 35,
    "npm token": "npm_" + "x" * 36,
    "PyPI token": "pypi-" + "x" * 60,
    "JSON Web Token": ".".join(["eyJ" + "x" * 12, "eyJ" + "x" * 12, "x" * 12]),
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password in a URL": "mysql://app:" + "hunter2" + "@db/prod",
}


def patch(*lines: str, path: str = "src/a.ts") -> str:
    head = f"\0{SHA}\n\ndiff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n"
    return head + "@@ -1 +1 @@\n" + "\n".join(lines) + "\n"


def test_there_is_a_sample_of_every_shape() -> None:
    assert set(SAMPLES) == set(TOKEN_SHAPES)


@pytest.mark.parametrize("shape", SAMPLES)
def test_a_secret_is_named_by_file_commit_and_kind_and_never_shown(shape: str) -> None:
    (finding,) = secret_findings(patch(f"+const key = '{SAMPLES[shape]}'"))
    assert finding.message == f"src/a.ts in commit c0ffee1 adds what looks like a secret: {shape}"
    assert SAMPLES[shape][-12:] not in finding.message + finding.cure


@pytest.mark.parametrize(
    "text",
    [
        "",
        patch(f"-const key = '{TOKEN}'"),
        patch(f"@@ -1 +1 @@ {TOKEN}"),
        patch("+mysql://app:${DB_PASS}@db/prod", "+the task-" + "x" * 30),
        f"\0{SHA}\n\ndiff --git a/x b/x\nBinary files a/x and b/x differ\n",
    ],
)
def test_removed_lines_and_placeholders_are_no_secrets(text: str) -> None:
    assert secret_findings(text) == []


def test_one_line_a_file_however_many_secrets_it_adds() -> None:
    text = patch(f"+{TOKEN}", f"+{TOKEN}", f"+{SAMPLES['npm token']}") + patch(f"+{TOKEN}", path="b c.ts")
    assert [finding.message.partition(" in commit")[0] for finding in secret_findings(text)] == [
        "src/a.ts",
        "b c.ts",
    ]


def test_a_line_that_looks_like_a_header_belongs_to_the_file() -> None:
    (finding,) = secret_findings(patch(f"+++ b/{TOKEN}"))
    assert "src/a.ts" in finding.message


def test_a_block_says_why_and_how_to_override_it_once() -> None:
    judgement = judge([marker_finding("ROADMAP.md", 12, "main")], Policy(), [])
    assert judgement.blocked
    assert judgement.lines == [
        "afterpush: ROADMAP.md line 12 has conflict markers in the version pushed to main; "
        "resolve them (inv conflicts.resolve), commit, push again",
        "afterpush: push stopped by hooks.guards.conflict_markers: block; to push all the same, this once: "
        "AFTERPUSH_ALLOW=conflict_markers git push ...",
    ]


@pytest.mark.parametrize("allowed", [["conflict_markers"], ["all"]])
def test_an_override_silences_its_guard_only(allowed: list[str]) -> None:
    findings = [marker_finding("ROADMAP.md", 12, "main"), force_finding("main", 2)]
    judgement = judge(findings, Policy(), allowed)
    assert not judgement.blocked
    assert len(judgement.lines) == (0 if allowed == ["all"] else 1)


def test_levels_decide() -> None:
    findings = [force_finding("main", 1), marker_finding("R.md", 1, "main")]
    levels = Policy().guards | {"force_push": "block", "conflict_markers": "off"}
    judgement = judge(findings, Policy(guards=levels), [])
    assert judgement.blocked and "takes 1 commit off the remote's main" in judgement.lines[0]
    assert "hooks.guards.force_push: block" in judgement.lines[1] and len(judgement.lines) == 2
