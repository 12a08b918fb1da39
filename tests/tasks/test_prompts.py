"""`prompts.*` as a user runs it, and the git steps of the shipped template, executed as written."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from afterpush.text.markdown import code_in
from tests.support.cli import Answer, afterpush
from tests.support.repositories import Repository

ROADMAP = """# Roadmap

### QA-010: Fix the cart
**Priority:** P1 | **Status:** ready | **Effort:** 4-6h
**Dependencies:** BUG-040

```sh
echo "a block of the roadmap's own"
```

| ID | Title | Severity | Status |
|---|---|---|---|
| BUG-040 | Broken cart | HIGH | ready |
"""


@pytest.fixture
def site(repository: Repository) -> Repository:
    repository.write("docs/roadmaps/MASTER.md", ROADMAP)
    repository.commit("Plan")
    repository.push()
    return repository


def run(site: Repository, *words: str) -> Answer:
    return afterpush(*words, cwd=site.path)


def document(site: Repository, *words: str) -> Any:
    return run(site, *words, "--json").json()


def problems(site: Repository, text: str) -> list[str]:
    """What the check says about a hand-written prompt of this text, by line."""
    (told,) = problems_of_each(site, [text])
    return told


def problems_of_each(site: Repository, texts: Sequence[str]) -> list[list[str]]:
    """The same for each of several prompts that stand next to each other."""
    names = [f"docs/prompts/hand-{number:02}.md" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        site.write(name, text)
    found = document(site, "prompts.check")["problems"]
    return [
        [f"{entry['line']}: {entry['message']}" for entry in found if entry["file"] == name] for name in names
    ]


def test_one_prompt_for_each_task_and_a_second_run_changes_nothing(site: Repository) -> None:
    first = document(site, "prompts.regen")
    assert sorted(first["written"]) == ["docs/prompts/BUG-040.md", "docs/prompts/QA-010.md"]
    assert first["unchanged"] == 0
    before = {path: path.stat().st_mtime_ns for path in (site.path / "docs/prompts").iterdir()}
    second = document(site, "prompts.regen")
    assert (second["written"], second["unchanged"]) == ([], 2)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert run(site, "prompts.check").code == 0


def test_a_prompt_tells_the_tasks_facts_and_what_stands_in_its_way(site: Repository) -> None:
    run(site, "prompts.regen")
    text = (site.path / "docs/prompts/QA-010.md").read_text()
    assert "# QA-010: Fix the cart" in text and "| priority | P1 |" in text
    assert "**Stop:** BUG-040 is not done yet" in text and "the roadmap's own" in text


def test_a_dry_run_writes_nothing(site: Repository) -> None:
    answer = document(site, "prompts.regen", "--dry-run")
    assert len(answer["written"]) == 2 and not (site.path / "docs/prompts").exists()


def test_only_the_named_tasks(site: Repository) -> None:
    assert document(site, "prompts.regen", "--ids=QA-010")["written"] == ["docs/prompts/QA-010.md"]
    wrong = run(site, "prompts.regen", "--ids=QA-01")
    assert wrong.code == 2 and "did you mean QA-010?" in wrong.err


def test_a_changed_roadmap_makes_just_its_prompts_stale(site: Repository) -> None:
    run(site, "prompts.regen")
    site.write("docs/roadmaps/MASTER.md", "\n\n" + ROADMAP.replace("P1", "P0"))
    check = run(site, "prompts.check", "--json")
    assert check.code == 1
    assert check.json()["stale"] == ["docs/prompts/QA-010.md"]
    assert document(site, "prompts.regen")["written"] == ["docs/prompts/QA-010.md"]
    assert run(site, "prompts.check").code == 0


def test_a_prompt_without_its_task_is_stale(site: Repository) -> None:
    run(site, "prompts.regen")
    site.write("docs/roadmaps/MASTER.md", ROADMAP.replace("| BUG-040 |", "| BUG-041 |"))
    found = document(site, "prompts.check")
    assert "docs/prompts/BUG-040.md" in found["stale"]
    assert "no task BUG-040" in found["reasons"]["docs/prompts/BUG-040.md"]


@pytest.mark.parametrize("start", ["# My own prompt\n", None])
def test_what_a_person_wrote_is_kept_unless_asked(site: Repository, start: str | None) -> None:
    path = site.path / "docs/prompts/QA-010.md"
    run(site, "prompts.regen")
    path.write_text(start if start is not None else path.read_text() + "\nMy addition.\n")
    mine = path.read_text()
    assert "docs/prompts/QA-010.md" in document(site, "prompts.regen")["kept"]
    assert path.read_text() == mine
    adopted = run(site, "prompts.regen", "--adopt")
    assert "-My addition." in adopted.out or "-# My own prompt" in adopted.out
    assert path.read_text() != mine and run(site, "prompts.check").code == 0


def test_a_hand_edit_of_a_generated_prompt_is_a_problem(site: Repository) -> None:
    run(site, "prompts.regen")
    path = site.path / "docs/prompts/QA-010.md"
    path.write_text(path.read_text().replace("Fix the cart", "Fix the card"))
    check = run(site, "prompts.check")
    assert check.code == 1 and "edited by hand" in check.out


def test_files_of_the_teams_own_generator_count_as_generated(site: Repository) -> None:
    site.write("config/afterpush.yaml", "prompts: {generated_pattern: '^_Generated by old.ts_$'}\n")
    site.write("docs/prompts/QA-010.md", "old\n\n_Generated by old.ts_\n")
    assert "docs/prompts/QA-010.md" in document(site, "prompts.regen")["written"]


def test_the_teams_own_template_wins_and_its_mistakes_are_named(site: Repository) -> None:
    site.write("config/prompts/task.md.j2", "# {{ task.id }} by us\n")
    run(site, "prompts.regen")
    assert (site.path / "docs/prompts/QA-010.md").read_text().endswith("-->\n# QA-010 by us\n")
    site.write("config/prompts/task.md.j2", "one\n{{ task.nonesuch }}\n")
    answer = run(site, "prompts.regen")
    assert answer.code == 2 and "config/prompts/task.md.j2 line" in answer.err and "nonesuch" in answer.err
    site.write("config/prompts/task.md.j2", "{% if %}")
    broken = run(site, "prompts.regen")
    assert broken.code == 2 and "Traceback" not in broken.err


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ task.nonesuch }}", "'nonesuch'; there are task.id, task.title"),
        ("{{ 1 // 0 }}", "rendering QA-010: "),
        ("{{ task.id + 1 }}", "rendering QA-010: can only concatenate str"),
        ("{% include 'none.j2' %}", "there is no none.j2 next to it"),
    ],
)
def test_whatever_fails_in_a_template_is_one_line(site: Repository, template: str, said: str) -> None:
    site.write("config/prompts/task.md.j2", template)
    answer = run(site, "prompts.regen")
    assert answer.code == 2 and said in answer.err and len(answer.err.splitlines()) == 1


def test_a_template_includes_those_beside_it_and_is_stale_when_they_change(site: Repository) -> None:
    site.write("config/prompts/task.md.j2", "{% include 'git.j2' %}\n")
    site.write("config/prompts/git.j2", "pull for {{ task.id }}")
    run(site, "prompts.regen")
    assert "pull for QA-010" in (site.path / "docs/prompts/QA-010.md").read_text()
    assert run(site, "prompts.check").code == 0
    site.write("config/prompts/git.j2", "fetch for {{ task.id }}")
    assert len(document(site, "prompts.check")["stale"]) == 2


def test_a_finished_task_tells_the_agent_to_stop(site: Repository) -> None:
    site.write("docs/roadmaps/MASTER.md", ROADMAP.replace("**Status:** ready", "**Status:** ✅ Complete"))
    run(site, "prompts.regen")
    assert "**Stop:** this task is complete" in (site.path / "docs/prompts/QA-010.md").read_text()


def test_other_line_ends_and_a_byte_order_mark_are_no_edit(site: Repository) -> None:
    run(site, "prompts.regen")
    path = site.path / "docs/prompts/QA-010.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(site, "prompts.check").code == 0
    assert document(site, "prompts.regen")["unchanged"] == 2


def test_brackets_that_the_roadmap_has_are_its_own_and_orders_in_it_are_not(site: Repository) -> None:
    words = "Show {{ name }} for <USER_ID>.\n\n```sh\ngit push --force\n```\n\n| ID | Title"
    site.write("docs/roadmaps/MASTER.md", ROADMAP.replace("| ID | Title", words))
    run(site, "prompts.regen")
    assert ["forced push" in entry["message"] for entry in document(site, "prompts.check")["problems"]] == [
        True
    ]


def test_a_prompt_that_is_no_text_hides_no_other_and_an_unknown_id_is_told(site: Repository) -> None:
    site.write("docs/prompts/a.md", "x")
    (site.path / "docs/prompts/a.md").write_bytes(b"a\xff")
    found = problems(site, "```sh\ngit push --force\n```\n")
    assert len(found) == 1
    assert any("not UTF-8" in entry["message"] for entry in document(site, "prompts.check")["problems"])
    wrong = run(site, "prompts.check", "--ids=QA-011")
    assert wrong.code == 2 and "no task QA-011" in wrong.err


def test_without_any_roadmap_there_is_nothing_to_do(repository: Repository) -> None:
    assert afterpush("prompts.regen", cwd=repository.path).code == 0
    assert afterpush("prompts.check", cwd=repository.path).code == 0


BAD_STEPS = [
    ("git push origin qa-fix:main", "1: git push qa-fix:main leaves the local main stale"),
    ("git push --force origin main", "1: a forced push"),
    ("git push origin +main", "1: a forced push"),
    ("true && git push -f", "1: a forced push"),
    ("git rebase main --force", "1: git rebase has no option --force"),
    ("git commit --no-verify -m x", "1: git commit with --no-verify"),
    ("cat <<'EOF'\n$(date)\nEOF", "2: the heredoc of line 4 is quoted"),
    ("if true; then", "is not valid sh"),
    ("echo <TASK_ID>", "1: a placeholder was left over: <TASK_ID>"),
    ("inv deploy.monitr", "1: there is no task deploy.monitr; did you mean deploy.monitor?"),
    ("afterpush deploy.status --shaa=1", "1: afterpush deploy.status has no flag --shaa"),
    ("./inv deploy.cleanup \\\n  --dayz=3", "1: ./inv deploy.cleanup has no flag --dayz"),
]
GOOD_STEPS = [
        "git push origin main", "git push origin HEAD", "git fetch origin --prune",
        "git commit -m 'a --force'", "cat <<EOF\n$(date)\nEOF", "cat <<'EOF'\nplain\nEOF",
        "afterpush deploy.monitor --sha=abc --timeout 5", "inv --list", "inv push --dry-run",
        "inv conflicts.merge a b c --path=x", "git rebase --continue",
        "inv deploy.status --sha SHA && inv deploy.stop --all | cat",
]  # fmt: skip


def in_a_prompt(shell: str) -> str:
    """Steps whose first line is the fourth of the prompt."""
    return f"# Hand\n\n```sh\n{shell}\n```\n"


def test_known_bad_steps_are_named_with_their_line(site: Repository) -> None:
    found = problems_of_each(site, [in_a_prompt(shell) for shell, _ in BAD_STEPS])
    for (shell, said), told in zip(BAD_STEPS, found, strict=True):
        number, _, message = said.partition(": ")
        wanted = f"{int(number) + 3}: {message}" if number.isdigit() else said
        assert any(wanted in entry for entry in told), (shell, told)


def test_good_steps_are_left_alone(site: Repository) -> None:
    found = problems_of_each(site, [in_a_prompt(shell) for shell in GOOD_STEPS])
    assert dict(zip(GOOD_STEPS, found, strict=True)) == {shell: [] for shell in GOOD_STEPS}


def test_bash_is_parsed_as_bash_and_sh_as_sh(site: Repository) -> None:
    block = "```{}\nfor i in {{1..3}}; do [[ $i == 1 ]] && a=(1 2); done\n```\n"
    assert problems(site, block.format("bash")) == []
    assert len(problems(site, block.format("sh"))) == 1


def test_commands_of_the_repositorys_own_tasks_are_known(site: Repository) -> None:
    site.write(
        "tasks.py",
        "from invoke import task\nfrom afterpush.tasks import ns\n\n\n"
        "@task\ndef ours(c, fast=False):\n    'Ours.'\n\n\nns.add_task(ours)\n",
    )
    text = "`inv ours --fast`, `inv deploy.monitor`, `inv ours --slow`, `afterpush ours`\n"
    found = problems(site, text)
    assert len(found) == 2 and "--slow" in found[0] and "there is no task ours" in found[1]


def test_a_prompt_says_inv_only_where_the_repositorys_tasks_have_ours(site: Repository) -> None:
    site.write("tasks.py", "from invoke import task\n\n\n@task\ndef ours(c):\n    'Ours.'\n")
    run(site, "prompts.regen")
    assert "afterpush push" in (site.path / "docs/prompts/QA-010.md").read_text()
    assert run(site, "prompts.check").code == 0
    site.write("tasks.py", "from afterpush.tasks import ns\n")
    run(site, "prompts.regen")
    assert "inv push" in (site.path / "docs/prompts/QA-010.md").read_text()
    assert run(site, "prompts.check").code == 0


def shell_of_prompt(site: Repository, first: str, last: str) -> list[str]:
    """The shell blocks of the shipped template's prompt between two headings."""
    run(site, "prompts.regen", "--ids=QA-010")
    text = (site.path / "docs/prompts/QA-010.md").read_text()
    steps = text[text.index(first) : text.index(last)]
    return [code.text for code in code_in(steps) if code.shell]


def execute(site: Repository, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs a script in the clone, with `afterpush` on its PATH."""
    programs = site.path.parent / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "afterpush"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from afterpush.__main__ import main; main()" "$@"\n'
    )
    program.chmod(0o755)
    return subprocess.run(
        ["sh", "-c", script], cwd=site.path, capture_output=True, text=True, timeout=300, check=False,
        env=dict(os.environ) | {"PATH": f"{programs}:{os.environ['PATH']}"} | environment,
    )  # fmt: skip


def landed_on(site: Repository) -> list[str]:
    """The subjects of the remote's main, the newest first."""
    words = ["git", "log", "--format=%s", "main"]
    done = subprocess.run(words, cwd=site.remote, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_git_steps_of_the_template_work_as_written(site: Repository) -> None:
    blocks = shell_of_prompt(site, "## 1. Begin", "## 4.")
    assert len(blocks) == 4
    edits = [
        "", "sed -i 's/ready | \\*\\*Effort/in-progress | **Effort/' docs/roadmaps/MASTER.md\n",
        "echo fixed > cart.txt\n", "sed -i 's/in-progress | /complete | /' docs/roadmaps/MASTER.md\n",
    ]  # fmt: skip
    colleague = site.another_clone("colleague")
    colleague.commit("Somebody was faster", other_txt="x")
    colleague.push()
    script = "set -e\n" + "\n".join(edit + block for edit, block in zip(edits, blocks, strict=True))
    done = execute(site, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert landed_on(site)[0] == "QA-010: complete" and "Somebody was faster" in landed_on(site)
    assert Path(site.path.parent, "qa-010", "cart.txt").exists()


def test_the_steps_of_the_template_for_a_conflict_work_as_written(site: Repository) -> None:
    (begin, *_), (settle,) = shell_of_prompt(site, "## 1.", "## 2."), shell_of_prompt(site, "## 4.", "## 5.")
    colleague = site.another_clone("colleague")
    colleague.write("docs/roadmaps/MASTER.md", ROADMAP.replace("P1", "P2"))
    colleague.commit("P2, says the colleague")
    work = (
        f"set -e\n{begin}sed -i s/P1/P0/ docs/roadmaps/MASTER.md\n"
        "git commit --all --message 'P0, says the agent'\n"
    )
    assert execute(site, work).returncode == 0
    colleague.push()
    refused = execute(site, "cd ../qa-010\nafterpush push")
    assert refused.returncode == 1 and "in conflict" in refused.stdout
    decide = "sed -i '/^<<<<<<<\\|^=======\\|^>>>>>>>\\|P2/d' docs/roadmaps/MASTER.md\ngit add docs\n"
    go_on = "set -e\nGIT_EDITOR=true git rebase --continue\nafterpush push\n"
    # No editor may be waited for: an agent has no terminal.
    done = execute(site, f"cd ../qa-010\n{settle}{decide}{go_on}", GIT_EDITOR="false", EDITOR="false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert landed_on(site)[:2] == ["P0, says the agent", "P2, says the colleague"]
    assert "GIT_EDITOR=true git rebase --continue" in (site.path / "docs/prompts/QA-010.md").read_text()


def test_the_document_of_a_check_has_the_keys_of_the_contract(site: Repository) -> None:
    answer = run(site, "prompts.check", "--dry-run", "--json")
    assert {"written", "unchanged", "stale", "problems"} <= json.loads(answer.out).keys()
