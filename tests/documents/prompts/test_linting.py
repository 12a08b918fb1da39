"""Steps that must be named, and steps that must be left alone: a linter that cries wolf is switched off."""

from pathlib import Path

import pytest

from afterpush.documents.instructions import check as instructions
from afterpush.documents.instructions import our_tasks
from afterpush.documents.instructions.repository import Facts
from afterpush.documents.prompts import shell
from afterpush.tasks import ns
from afterpush.tasks._task_catalog import described
from afterpush.text.task_catalog import Catalog

CATALOG = Catalog({"inv": described(ns), "afterpush": described(ns)}, {"--list": False, "-e": False})
FACTS = Facts(Path.cwd(), frozenset(), CATALOG, frozenset({"main"}))


def said(text: str, language: str = "sh") -> list[str]:
    """What is said about a block of shell, by its line in the block."""
    markdown = f"~~~{language}\n{text}\n~~~\n"
    found = [*shell.findings(markdown, Path.cwd()), *our_tasks.findings(markdown, CATALOG)]
    found += instructions.findings({"a.md": markdown}, FACTS, frozenset(["a.md"])).get("a.md", [])
    return [f"{finding.line - 1}: {finding.message}" for finding in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git -C ../wt push origin topic:main", "1: git push topic:main leaves the local main stale"),
        ("git push origin HEAD:refs/heads/main", "1: git push HEAD:refs/heads/main leaves"),
        ("git push \\\n  --force origin main", "1: a forced push"),
        ("git push -fu origin main", "1: a forced push"),
        ("git push --mirror origin", "1: a forced push"),
        ("timeout 60 git push -f", "1: a forced push"),
        ('echo "$(git push --force)"', "1: a forced push"),
        ("cat <<EOF | sh\ngit push --force\nEOF", "2: a forced push"),
        ("git push origin :main", "1: this deletes main"),
        ("git push origin --delete main", "1: this deletes main"),
        ("HUSKY=0 git push", "1: git push with HUSKY=0 skips the hooks"),
        ("export AFTERPUSH=0", "1: export AFTERPUSH=0 switches the hooks off"),
        ("git commit -nm x", "1: git commit with -nm skips the hooks"),
        ("git rebase main --force", "1: git rebase has no option --force"),
        ("git pul origin main", "1: git has no command pul; did you mean pull?"),
        ("ls\ncat > s.md <<'EOF'\na\n$(date +%F)\nEOF", "4: the heredoc of line 3 is quoted"),
        ("tee docs/s.md <<'EOF' >/dev/null\n${NAME}\nEOF", "2: the heredoc"),
        ("ID=1\ncat >\"s-$ID\" <<'EOF'\nid $ID\nEOF", "3: the heredoc"),
        ("cat > s.md <<EOF\nx\n EOF", "1: the heredoc never ends: EOF must stand alone"),
        ("git switch -c <task-id>-fix", "1: a placeholder was left over: <task-id>"),
        ("inv deploy.monitor --sha", "1: inv deploy.monitor --sha needs a value"),
        ("inv deploy monitor", "1: there is no task deploy; did you mean deploy.monitor?"),
        ("inv deploy", "1: there is no task deploy, only a namespace of that name"),
        ("x=$(inv deploy.montior)", "1: there is no task deploy.montior"),
    ],
)
def test_what_loses_work_or_does_not_exist_is_named(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in said(text)), said(text)


def test_bash_is_believed_when_it_complains_without_failing() -> None:
    assert any("not valid bash" in line for line in said("if [[ a ]; then echo", "bash"))


@pytest.mark.parametrize(
    "text",
    [
        "inv deploy.status --json 2>/dev/null",
        "inv deploy.status --json &>/dev/null &",
        "inv deploy.status --sha $(git rev-parse HEAD) --json > out.json 2>&1",
        "inv --list && inv -e push",
        "git push origin --delete old-topic",
        "git push origin :old-topic main:main v1.2 topic:refs/heads/review/topic",
        "git push --no-force-with-lease -o ci.skip",
        "git commit -m 'use git push --force never' -m '--no-verify is bad'",
        'git commit -m "two lines:\n\ngit push --force is bad"',
        "HUSKY=0 npm ci",
        "git worktree add --force ../x topic && git worktree remove --force ../x",
        "git lfs pull && git absorb --and-rebase",
        "# git push --force\necho 'git push --force'",
        "cat > run.sh <<'EOF'\nnow=$(date)\nEOF",
        "cat <<'EOF' > .husky/pre-push\nsha=$(git rev-parse HEAD)\nEOF",
        "cat > x <<'EOF'\n#!/bin/sh\nnow=$(date)\nEOF",
        "cat <<'EOF' | sh\necho $(date)\nEOF",
        "ssh host <<'EOF'\necho $(hostname)\nEOF",
        "mysql <<'SQL'\nSELECT `id` FROM `t`;\nSQL",
        "python3 - <<'EOF'\nprint(f'${x}')\nEOF",
        "cat > a.md <<'EOF'\nRun `inv push`; the price is $5; `$(date)` is today.\n\n```sh\nx=$(y)\n```\nEOF",
        "git commit -F - <<'EOF'\nfix: use `inv push`\nEOF",
        "cat <<'EOF' > ci.yml\nrun: echo ${{ github.sha }}\nEOF",
        "docker ps --format '{{.Names}}'",
        "sed -i 's/<title>/<TITLE>/' index.html",
        "sort <in >out",
    ],
)
def test_good_steps_are_left_alone(text: str) -> None:
    assert said(text) == []


def test_brackets_of_other_languages_and_of_links_are_no_placeholders() -> None:
    markdown = "```vue\n<p>{{ item.name }}</p>\n```\n\n[TASK](tasks.md), ${{ github.sha }}\n"
    assert shell.findings(markdown, Path.cwd()) == []


def test_git_steps_are_read_in_blocks_without_a_language_too() -> None:
    text = "Steps:\n$ git push origin topic:main\n  git push \\\n    --force\ngit says: push --force is bad"
    assert [line.partition(" ")[0] for line in said(text, "")] == ["2:", "3:"]
    assert said("if true; then\necho git push --force", "text") == []


@pytest.mark.parametrize("fence", ["SH", "{.bash}", "bash title=x", "shell"])
def test_a_block_is_known_by_its_first_word(fence: str) -> None:
    assert len(said("git push --force", fence)) == 1


def test_a_shell_that_is_not_installed_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert said("if true; then", "zsh") == []


def test_a_strange_locale_and_start_up_files_say_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noisy = tmp_path / "noisy"
    noisy.write_text("echo noise >&2\n")
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    monkeypatch.setenv("BASH_ENV", str(noisy))
    assert said("echo a", "bash") == []
