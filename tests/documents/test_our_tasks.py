"""Commands of ours in documents: slips are found wherever they stand, other people's words are left alone."""

import pytest

from afterpush.documents.instructions.our_tasks import findings
from afterpush.tasks import ns
from afterpush.tasks._task_catalog import described
from afterpush.text.task_catalog import Catalog

OURS = described(ns)
CATALOG = Catalog({"inv": OURS, "afterpush": OURS}, {"--list": True, "--help": True, "-e": False})


def said(markdown: str) -> list[str]:
    return [finding.message for finding in findings(markdown, CATALOG)]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Run `inv demoo`.", "no task demoo; did you mean demo?"),
        ("Run **inv deploy.statsu**.", "no task deploy.statsu"),
        ("Then inv deploy.monitor --shaa=3.", "inv deploy.monitor has no flag --shaa"),
        ("inv hooks.pre_push", "no task hooks.pre_push; did you mean hooks.pre-push?"),
        ("`inv deploy.Monitor`", "no task deploy.Monitor"),
        ("```yaml\nrun: inv demoo\n```", "no task demoo"),
        ("```yaml\n- run: afterpush deploy.monitor --shaa=$X\n```", "has no flag --shaa"),
        ("```dockerfile\nRUN ./inv demoo\n```", "no task demoo"),
        ("```make\npush:\n\tinv pushh\n```", "no task pushh"),
        ("```json\n{\"push\": \"inv pushh\"}\n```", "no task pushh"),
        ("```\n$ inv frobnicate\n```", "no task frobnicate"),
        ("```sh\nsudo inv demoo\n```", "no task demoo"),
        ("```sh\nuv run inv demoo\n```", "no task demoo"),
        ("```sh\npython3 -m invoke demoo\n```", "no task demoo"),
        ("```sh\nssh host 'cd x && true'; ssh host 'inv demoo'\n```", "no task demoo"),
        ("```sh\ninv deploy monitor\n```", "did you mean deploy.monitor?"),
    ],
)  # fmt: skip
def test_a_slip_is_found(markdown: str, expected: str) -> None:
    assert len(said(markdown)) == 1 and expected in said(markdown)[0]


@pytest.mark.parametrize(
    "markdown",
    [
        "`inv deploy.*`, `inv deploy.{status,logs}`, `inv TASK`, `inv conflicts.merge %O %A %B`",
        "`inv deploy.logs --type` names the log; `inv deploy.monitor ...`",
        "See afterpush docs.md, `invoke the function`, and invoke config.load.",
        "```text\nafterpush demo: three\nafterpush pushes straight\nwatch it: inv deploy.status  more\n```",
        "```sh\npip install afterpush rich && uv pip install afterpush rich\n```",
        "```sh\ninv swarm.run --ready=3 --command='aider --yes-always --message-file \"$X\"'\n```",
        "```sh\ninv deploy.status --json 2>/dev/null | jq .verdict > out.txt\n```",
        "```yaml\nname: afterpush docs\n```",
    ],
)
def test_what_is_no_slip_is_left_alone(markdown: str) -> None:
    assert said(markdown) == []
