"""The reference says what the code says."""

import pytest

from afterpush.documents.manual.configuration import documented_keys
from afterpush.documents.manual.reference import (
    FlagFacts,
    ReferenceInputs,
    TaskFacts,
    is_generated,
    reference_pages,
    stale_pages,
)
from afterpush.documents.manual.variables import variable_groups
from afterpush.infra.configuration.config import key_paths
from afterpush.infra.errors import ExitCode
from afterpush.workflows.json_documents import DOCUMENTS
from tests.support.shared import ROOT

TASKS = (
    TaskFacts("hello", (), "Say hello.", ()),
    TaskFacts(
        "deploy.watch",
        ("deploy.w",),
        "Watch *it*.",
        (
            FlagFacts("log", "the file", takes_value=True),
            FlagFacts("--sha", "which <commit>", takes_value=True, default="HEAD"),
            FlagFacts("--json", "one document", takes_value=False),
        ),
    ),
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    configuration = (ROOT / "config" / "afterpush.yaml").read_text()
    variables = (ROOT / ".env.example").read_text()
    return reference_pages(ReferenceInputs("inv", TASKS, configuration, variables, DOCUMENTS))


def test_a_task_is_shown_with_its_words_aliases_flags_and_defaults(pages: dict[str, str]) -> None:
    section = pages["tasks.md"].split("### deploy.watch\n")[1]
    assert section.strip().split("\n\n") == [
        "Watch \\*it\\*.",
        "`inv deploy.watch LOG`, also `inv deploy.w`",
        "- `LOG`: the file\n- `--sha=VALUE`: which \\<commit\\> (default: `HEAD`)\n- `--json`: one document",
    ]


def test_every_key_is_there_with_type_default_and_meaning(pages: dict[str, str]) -> None:
    page = pages["configuration.md"]
    for path in key_paths():
        kind, meaning = page.split(f"\n### {path}\n\n")[1].split("\n\n")[:2]
        assert kind.startswith("Type: `") and "Default: " in kind, path
        assert len(meaning) > 15 and not meaning.startswith("#"), path
    assert "### deploy.timeout_seconds\n\nType: `number`. Default: `1800`.\n" in page
    assert "### hooks.guards.secrets\n\nType: `off | warn | block`. Default: `warn`.\n" in page
    assert "### deploy.app\n\nType: `text`. Default: unset.\n" in page


def test_a_comment_counts_for_the_keys_below_it_until_the_next() -> None:
    text = "push:\n  # Where.\n  # On two.\n  remote: origin\n  branch: main\n\n  # How often.\n  attempts: 3"
    said = {key.path: key.meaning for key in documented_keys(text)}
    assert said["push.remote"] == said["push.branch"] == "Where. On two."
    assert said["push.attempts"] == "How often." and said["push.check"] == ""


def test_every_variable_is_there_and_an_address_with_a_password_is_no_default(pages: dict[str, str]) -> None:
    page = pages["variables.md"]
    for name in ("DIGITALOCEAN_TOKEN", "DB_SSL_CA", "MYSQL_URL", "HEALTH_URL"):
        assert f"\n## {name}\n" in page
    assert "Default: `25060`." in page and "Form: `mysql://user:password@" in page
    assert "AFTERPUSH=0" in page.split("\n## Switches\n")[1]


def test_a_paragraph_gives_each_variable_its_own_comment() -> None:
    (group,) = variable_groups("# Both.\n# A=1\nB=\n# Only C,\n# really.\n# C=x")
    assert [(one.name, one.default, one.meaning) for one in group.variables] == [
        ("A", "1", "Both."),
        ("B", "", "Both."),
        ("C", "x", "Only C, really."),
    ]


def test_every_exit_code_has_its_meaning(pages: dict[str, str]) -> None:
    for code in ExitCode:
        assert f"| {int(code)} | {code.meaning} |" in pages["exit-codes.md"]
    assert len({code.meaning for code in ExitCode}) == len(ExitCode)


def test_missing_and_changed_pages_are_stale(pages: dict[str, str]) -> None:
    assert all(map(is_generated, pages.values()))
    assert stale_pages(pages, pages) == []
    assert stale_pages(pages, dict(pages) | {"tasks.md": "other"}) == ["tasks.md"]
    assert stale_pages(pages, {}) == list(pages)
