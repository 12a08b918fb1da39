"""Guards: what they see, how they say it, and how one is overridden."""

import subprocess

import pytest

from afterpush.hooks.guards import force_finding, judge, marker_finding, secret_findings
from afterpush.hooks.policy import Policy
from afterpush.infra.secrets import TOKEN_SHAPES, TOKEN_STEMS

SHA = "c0ffee1" + "0" * 33
TOKEN = "ghp_" + "x" * 36
# Put together at run time: no scanner, ours included, shall find them in this file.
SAMPLES = {
    "DigitalOcean token": "dop_v1_" + "0" * 64,
    "GitHub token": TOKEN,
    "GitLab token": "glpat-" + "x" * 20,
    "AWS access key": "AKIA" + "A" * 16,
    "AWS secret key": "aws_secret_access_key = " + "a1" * 20,
    "Slack token": "xoxb-" + "1" * 12,
    "Slack webhook": "https://hooks.slack" + ".com/services/" + "T" * 24,
    "Stripe key": "sk_live_" + "x" * 20,
    "OpenAI or Anthropic key": "sk-ant-" + "x" * 30,
    "Google API key": "AIza" + "x" * 35,
    "npm token": "npm_" + "x" * 36,
    "PyPI token": "pypi-AgE" + "x" * 60,
    "token of a hosted service": "hf_" + "x" * 34,
    "JSON Web Token": ".".join(["eyJ" + "x" * 12, "eyJ" + "x" * 12, "x" * 12]),
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password in a URL": "mysql://app:" + "hunter2" + "@db/prod",
}

MORE = [
    "DB_PASS=AVNS_" + "x" * 19,
    "DO00" + "A" * 16,
    "gldt-" + "x" * 20,
    "xapp-1-" + "A" * 20,
    "https://hooks.slack" + ".com/workflows/" + "T" * 40,
    "whsec_" + "x" * 32,
    "sk-proj-" + "x" * 40,
    "sk-" + "a1" * 24,
    "GOCSPX-" + "x" * 28,
    "ya29." + "x" * 80,
    "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    "-----BEGIN " + "PRIVATE KEY-----",
    "SG." + "x" * 22 + "." + "x" * 43,
    "lin_api_" + "x" * 40,
    "shpat_" + "a1" * 16,
    "dckr_pat_" + "x" * 27,
    "SK" + "a1" * 16,
    "123456789:AA" + "x" * 33,
    "https://discord" + ".com/api/webhooks/1234/" + "x" * 60,
    "rediss://:" + "a1" * 10 + "@cache.internal:25061",
]
HARMLESS = [
    "sk-fading-circle-container-large-2",
    "desk-organizer-component-library-2",
    "AKIAIOSFODNN7" + "EXAMPLE",
    "pypi-attestations-and-the-long-name-of-a-package-that-goes-on-and-on",
    "postgres://user:password@db.acme.com/app",
    "postgres://USER:PASSWORD@HOST:25060/db",
    "mysql://user:********@db.acme.com/app",
    "amqp://guest:guest@broker:5672/",
    "mysql://root:hunter2@127.0.0.1/test",
    "mysql://app:hunter2@localhost:3306/test",
    "https://user:hunter2@example.com/",
    "http://localhost:3000/a:b@c",
    "-----BEGIN PUBLIC KEY-----",
    "npm_config_cache",
]


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


@pytest.mark.parametrize("text", [*SAMPLES.values(), *MORE])
def test_git_finds_what_the_guard_would_find(text: str) -> None:
    assert secret_findings(patch(f"+key: '{text}'"))
    found = subprocess.run(["grep", "-qE", "-e", TOKEN_STEMS], input=text.encode(), check=False)
    assert found.returncode == 0


@pytest.mark.parametrize("text", HARMLESS)
def test_words_and_examples_are_no_secrets_and_do_not_hide_one(text: str) -> None:
    assert secret_findings(patch(f"+see {text} for more")) == []
    assert secret_findings(patch(f"+{text}", f"+{SAMPLES['password in a URL']}"))


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
        "afterpush: push stopped by hooks.guards.conflict_markers: block; to push anyway, this once: "
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
