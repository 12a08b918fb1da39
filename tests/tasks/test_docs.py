"""docs.build and docs.check, on this repository and on others, as a user runs them."""

import json
import re
from pathlib import Path

import pytest

from tests.support.browser import measure, photograph
from tests.support.cli import afterpush
from tests.support.manual import Manual, copied_repository, without_the_extra
from tests.support.repositories import Repository
from tests.support.shared import ROOT

PHONES = (360, 390)


def test_this_repositorys_documents_are_true(tmp_path: Path) -> None:
    # In a copy: a linked worktree would read the configuration of the main one, at another commit perhaps.
    answer = afterpush("docs.check", cwd=copied_repository(tmp_path / "afterpush"))
    assert answer.code == 0, answer.out


def test_the_manual_builds_offline_without_a_warning(manual: Manual) -> None:
    assert manual.answer.code == 0, manual.answer.out + manual.answer.err
    said = manual.answer.json()
    assert (said["stale"], said["broken"], said["warnings"], said["external"]) == ([], [], [], [])
    own = {"genindex.html", "search.html"}
    assert said["built"] is True and said["pages"] == len(set(manual.pages) - own) > 20


def test_no_page_is_missing_from_the_navigation(manual: Manual) -> None:
    sidebar = (manual.site / "index.html").read_text().split('class="sidebar-tree"')[1].split("</aside>")[0]
    linked = set(re.findall(r'href="([^"#]+\.html)"', sidebar))
    assert linked >= set(manual.pages) - {"index.html", "genindex.html", "search.html"}


def test_the_reference_has_every_task_and_every_flag(manual: Manual) -> None:
    page = (manual.root / "docs" / "reference" / "tasks.md").read_text()
    listed = json.loads(afterpush("--list", "--list-format=json", cwd=manual.root).out)
    names = [
        f"{group['name']}.{task['name']}" for group in listed["collections"] for task in group["tasks"]
    ] + [task["name"] for task in listed["tasks"]]
    assert len(names) > 30
    for name in names:
        assert f"\n### {name}\n" in page, name
    section = page.split("\n### deploy.monitor\n")[1].split("\n### ")[0]
    for flag in ("--sha=VALUE", "--background", "--timeout=VALUE", "--strict", "--json"):
        assert f"- `{flag}`: " in section
    assert not re.search(r"^- `[^`]+`: *$", page, re.MULTILINE), "a flag without help"


def test_pages_fit_a_phone_and_their_images_load(manual: Manual, tmp_path: Path) -> None:
    wanted = [(page, width) for page in manual.pages for width in PHONES]
    measured = measure(manual.site, wanted, tmp_path / "profile")
    assert len(measured) == len(wanted)
    assert [one for one in measured if one.scroll_width > one.client_width] == []
    assert [one for one in measured if one.broken_images] == []
    assert all(one.client_width <= one.width for one in measured)


def test_a_flag_is_never_broken_after_its_dashes(manual: Manual) -> None:
    page = (manual.site / "reference" / "tasks.html").read_text()
    style = (manual.site / "_static" / "narrow.css").read_text()
    assert '<span class="pre">--json</span>' in page and "code.literal .pre { display: inline-block;" in style


def test_pages_are_readable_by_day_and_by_night(manual: Manual, tmp_path: Path) -> None:
    day = photograph(manual.site, "index.html", tmp_path / "day.png", tmp_path / "one")
    night = photograph(manual.site, "index.html", tmp_path / "night.png", tmp_path / "two", dark=True)
    assert day.different_rows > 100 and night.different_rows > 100
    assert day.brightness > 180 and night.brightness < 80


@pytest.fixture
def app(repository: Repository) -> Repository:
    """An app with a few documents, which are true."""
    repository.write("docs/guide.md", "# Guide\n\n## First steps\n\nSee [the app](../README.md).\n")
    repository.commit(
        README_md="# Shop\n\nRead [how](docs/guide.md#first-steps), then run `afterpush push`.\n"
    )
    return repository


@pytest.fixture
def plain_app(app: Repository) -> Repository:
    """The same without the reference, which is most of a small site's work for Sphinx."""
    app.write("config/afterpush.yaml", 'docs:\n  reference: ""\n')
    return app


FAULTS = [
    ("Run `afterpush deploy.moniter`.", "there is no task deploy.moniter; did you mean deploy.monitor?"),
    ("The task `deploy.statsu`.", "there is no task deploy.statsu; did you mean deploy.status?"),
    ("In prose: call afterpush push.chekc first.", "there is no task push.chekc; did you mean push.check?"),
    ("```yaml\n- run: afterpush deploy.monito\n```", "there is no task deploy.monito"),
    ("```sh\ncd x && afterpush deploy.monitor --shaa=1\n```", "afterpush deploy.monitor has no flag --shaa"),
    ("[gone](docs/gone.md)", "docs/gone.md does not exist"),
    ("[gone](docs/guide.md#second-steps)", "docs/guide.md has no such heading or anchor"),
    ("[gone](#here)", "README.md has no such heading or anchor"),
    ('<img src="shop.png">', "shop.png does not exist"),
    ("[out](../../elsewhere)", "leads out of the repository"),
    ("[ours](.env)", ".env is ignored by git"),
]
RIGHT = [
    "`deploy.timeout_seconds`",
    "`deploy.sh`",
    "`push.default`",
    "`push.check`",
    "[x](https://x.org/gone)",
]


def test_whatever_is_wrong_is_named_with_its_file_and_line(app: Repository) -> None:
    app.write(".gitignore", ".env\n")
    app.write(".env", "A=b\n")
    text = "# Shop\n\n" + "\n\n".join([*RIGHT, *(text for text, _ in FAULTS)]) + "\n"
    app.write("README.md", text)
    answer = afterpush("docs.check", "--json", cwd=app.path)
    assert answer.code == 1
    found = answer.json()
    told = {one["line"]: one for one in found["broken"]}
    assert len(found["unknown"]) == 5 and all(one in found["broken"] for one in found["unknown"])
    for fault, said in FAULTS:
        line = text[: text.index(fault)].count("\n") + (2 if fault.startswith("```") else 1)
        assert said in told[line]["message"] and told.pop(line)["file"] == "README.md", fault
    assert told == {}


def test_for_people_each_fault_is_a_line_and_the_last_line_counts(app: Repository) -> None:
    app.write("README.md", "# Shop\n\nRun `afterpush deploy.statsu`.\n\n[gone](gone.md)\n")
    answer = afterpush("docs.check", cwd=app.path)
    assert answer.code == 1 and answer.out.splitlines() == [
        "README.md:5: the link gone.md: gone.md does not exist",
        "README.md:3: there is no task deploy.statsu; did you mean deploy.status?",
        "2 documents read, 2 to correct",
    ]


def test_true_documents_are_good_and_counted(app: Repository) -> None:
    answer = afterpush("docs.check", "--json", cwd=app.path)
    assert (answer.code, answer.json()) == (0, {"pages": 2, "stale": [], "broken": [], "unknown": []})


def test_a_wrong_command_in_any_document_of_this_repository_is_found(tmp_path: Path) -> None:
    """The right answer of docs.check is no accident: one wrong word in each document is found there."""
    root = copied_repository(tmp_path / "afterpush")
    documents = [path for path in sorted(root.rglob("*.md")) if not path.is_symlink()]
    for path in documents:
        path.write_text(path.read_text() + "\n\nThen `inv deploy.statsu`.\n")
    answer = afterpush("docs.check", "--json", cwd=root)
    assert answer.code == 1
    assert {one["file"] for one in answer.json()["unknown"]} == {
        path.relative_to(root).as_posix() for path in documents
    }
    pages = ("tasks", "configuration", "variables", "exit-codes", "json")
    assert answer.json()["stale"] == [f"docs/reference/{name}.md" for name in pages]


def test_ignored_documents_are_left_alone(app: Repository) -> None:
    app.write("old/notes.md", "Run `afterpush nothing.such`, see [x](y.md).\n")
    assert afterpush("docs.check", cwd=app.path).code == 1
    app.write("config/afterpush.yaml", 'docs:\n  ignore: ["old/**/*.md"]\n')
    assert afterpush("docs.check", cwd=app.path).code == 0


def test_in_another_repository_the_reference_is_kept_stale_is_told_and_the_site_stands(
    app: Repository,
) -> None:
    pytest.importorskip("furo")
    planned = afterpush("docs.build", "--dry-run", "--json", cwd=app.path)
    assert planned.code == 0 and len(planned.json()["stale"]) == 5 and planned.json()["built"] is False
    assert app.git("status", "--short") == ""

    built = afterpush("docs.build", "--json", cwd=app.path)
    assert built.code == 0, built.out + built.err
    assert built.json()["stale"] == planned.json()["stale"] and built.json()["built"] is True
    first = (app.path / "site" / "index.html").read_text()
    assert "<title>Shop</title>" in first and 'href="guide.html#first-steps"' in first
    assert app.git("status", "--short") == "?? docs/reference/", "a site is no part of a commit"
    assert afterpush("docs.check", cwd=app.path).code == 0

    page = app.path / "docs" / "reference" / "exit-codes.md"
    page.write_text(page.read_text().replace("| 4 |", "| 14 |"))
    checked = afterpush("docs.check", "--json", cwd=app.path)
    assert (checked.code, checked.json()["stale"]) == (1, ["docs/reference/exit-codes.md"])
    page.unlink()
    assert afterpush("docs.check", cwd=app.path).code == 1


def test_a_build_with_something_wrong_leaves_the_site_that_stands(plain_app: Repository) -> None:
    app = plain_app
    pytest.importorskip("furo")
    assert afterpush("docs.build", cwd=app.path).code == 0
    before = (app.path / "site" / "guide.html").read_bytes()
    app.write("docs/guide.md", "# Guide\n\n## First steps\n\n```{nonsense}\n```\n")
    app.write("docs/bare.md", "no heading\n\n{nonsense}`x`\n")
    answer = afterpush("docs.build", "--json", cwd=app.path)
    assert answer.code == 1 and answer.json()["built"] is False
    told = {(one["file"], one["line"], "nonsense" in one["message"]) for one in answer.json()["warnings"]}
    assert told == {("docs/guide.md", 5, True), ("docs/bare.md", 3, True)}
    assert (app.path / "site" / "guide.html").read_bytes() == before


def test_a_folder_that_is_no_site_is_never_replaced(app: Repository) -> None:
    pytest.importorskip("furo")
    app.write("site/mine.txt", "precious")
    answer = afterpush("docs.build", cwd=app.path)
    assert answer.code == 2 and "is no site of docs.build" in answer.err and "Traceback" not in answer.err
    assert (app.path / "site" / "mine.txt").read_text() == "precious"


def test_a_reference_page_that_somebody_wrote_is_never_replaced(app: Repository) -> None:
    app.write("docs/reference/tasks.md", "# My own tasks\n")
    for task in ("docs.check", "docs.build"):
        answer = afterpush(task, cwd=app.path)
        assert answer.code == 2 and "docs/reference/tasks.md was written by hand" in answer.err
    app.write("config/afterpush.yaml", 'docs:\n  reference: ""\n')
    assert afterpush("docs.check", cwd=app.path).code == 0


def test_without_a_docs_folder_nothing_but_the_site_is_written(repository: Repository) -> None:
    pytest.importorskip("furo")
    assert afterpush("docs.check", cwd=repository.path).code == 0
    built = afterpush("docs.build", "--json", cwd=repository.path)
    assert (built.code, built.json()["pages"], built.json()["stale"]) == (0, 6, [])
    assert (repository.path / "site" / "reference" / "tasks.html").is_file()
    assert repository.git("status", "--short") == ""


def test_without_the_extra_it_says_how_to_install_it(app: Repository, tmp_path: Path) -> None:
    answer = afterpush("docs.build", cwd=app.path, env=without_the_extra(tmp_path))
    assert answer.code == 2 and "pip install '/path/to/afterpush[docs]'" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert afterpush("docs.check", cwd=app.path, env=without_the_extra(tmp_path)).code == 0


def test_other_documents_as_they_are_met_are_built_too(plain_app: Repository) -> None:
    app = plain_app
    pytest.importorskip("furo")
    app.write("docs/logo.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>')
    app.write("docs/with space/a b.md", "# A\n\n# Second\n\n[up](../../README.md)\n")
    app.write("docs/bare.md", "no heading\n")
    app.write("docs/empty.md", "")
    app.write("docs/front.md", "---\ntitle: Front\n---\n\ntext\n")
    text = '<p><img src="docs/logo.svg"></p>\n\n[d](docs/) [a](<docs/with space/a b.md>)\n\n### Skips\n'
    app.write("README.md", f"{text}\n- [ ] to do ~~gone~~\n\n```weird\nx\n```\n")
    answer = afterpush("docs.build", "--json", cwd=app.path)
    assert answer.code == 0, answer.out
    first = (app.path / "site" / "index.html").read_text()
    assert 'src="_linked/docs/logo.svg"' in first and 'href="with%20space/a%20b.html"' in first
    assert (app.path / "site" / "_linked" / "docs" / "logo.svg").is_file()


def test_tasks_that_do_not_load_are_one_line(app: Repository) -> None:
    app.write("docs/reference/tasks.md", "<!-- Generated by docs.build from the code: change it there. -->\n")
    app.write("tasks.py", "raise RuntimeError('not today')\n")
    answer = afterpush("docs.check", cwd=app.path, env={"AFTERPUSH_TRUST": "1"})
    assert answer.code == 2 and "not today" in answer.err and len(answer.err.splitlines()) == 1


def test_tasks_in_a_folder_are_known(app: Repository) -> None:
    app.write("tasks/__init__.py", "from invoke import task\n\n@task\ndef ship(c):\n    pass\n")
    app.write("README.md", "# Shop\n\n`inv ship`, `afterpush push`.\n")
    assert afterpush("docs.check", cwd=app.path).code == 0
    app.write("README.md", "# Shop\n\n`inv shipp`.\n")
    assert "did you mean ship?" in afterpush("docs.check", cwd=app.path).out


def test_what_a_page_would_fetch_from_elsewhere_is_named(plain_app: Repository) -> None:
    app = plain_app
    pytest.importorskip("furo")
    app.write("docs/guide.md", "# Guide\n\n## First steps\n\n![badge](https://example.org/badge.svg)\n")
    answer = afterpush("docs.build", "--json", cwd=app.path)
    assert answer.code == 0
    assert answer.json()["external"] == [{"file": "guide.html", "url": "https://example.org/badge.svg"}]


def test_every_test_that_the_plans_page_names_exists() -> None:
    named = re.findall(
        r"`(tests/[a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / "from-the-plan.md").read_text()
    )
    assert len(named) > 20
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"
