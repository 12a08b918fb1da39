"""An AGENTS.md with faults of every kind: each is named with its line, and what is true is left alone."""

import json

import pytest

from tests.support.cli import afterpush
from tests.support.repositories import Repository
from tests.support.shared import ROOT

FILES = {
    "package.json": json.dumps({"workspaces": ["api"], "scripts": {"build": "x", "test": "x", "dev": "x"}}),
    "api/package.json": json.dumps({"name": "@shop/api", "scripts": {"migrate:up": "x", "watch": "x"}}),
    "Makefile": "include common.mk\ntest: lint\n\tpytest\nlint:\n\truff check\n%.o: %.c\n\tcc\n",
    "justfile": "release version='':\n  echo\n",
    "Taskfile.yml": "version: '3'\ntasks:\n  db:seed: {cmds: [x]}\n",
    "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshopctl = "shop.server:main"\n',
    ".env.example": "DATABASE_URL=\nAPI_TOKEN=\n",
    "src/shop/__init__.py": "",
    "src/shop/server.py": "",
    "src/shop/prices.py": "",
    "scripts/seed.py": "",
    "web/pages/index.tsx": "",
    "docs/layout.md": "# Layout\n",
    "docs/decisions.md": "# Decisions\n\n## Why no GraphQL\n",
    "CHANGELOG.md": "# Changelog\n",
    "CLAUDE.md": "# Shop\n\nRun the tests with `pnpm test`. Push with `git push origin develop`.\n",
    ".cursor/rules/web.mdc": "---\nglobs: web/views/**/*.tsx\n---\n\nUse hooks.\n",
}
# Line of AGENTS.md and what is said there; what is right wherever that can be known.
FAULTS = [
    (7, ".env.example has no variable DATABSE_URL; did you mean DATABASE_URL?"),
    (7, ".env.example has no variable SESSION_SECRET"),
    (8, "the link docs/decisions.md#why-not-graphql: docs/decisions.md has no such heading or anchor"),
    (12, "package.json has no script buld; did you mean build?"),
    (13, "api/package.json has no script migrate; did you mean migrate:up?"),
    (14, "the Makefile has no target tests; did you mean test?"),
    (15, "the justfile has no recipe relase; did you mean release?"),
    (16, "the Taskfile has no task db:sed; did you mean db:seed?"),
    (17, "there is no Python module shop.servr; did you mean shop.server?"),
    (18, "pyproject.toml declares no program shopctrl; did you mean shopctl?"),
    (19, "there is no task deploy.statsu; did you mean deploy.status?"),
    (22, "src/shop/price.py does not exist; did you mean src/shop/prices.py?"),
    (22, "no file matches web/pagse/**/*.tsx; did you mean web/pages/**/*.tsx?"),
    (23, "scripts/seeed.py does not exist; did you mean scripts/seed.py?"),
    (27, "git reset --hard throws away"),
    (27, "git clean -f deletes"),
    (28, "git rebase waits for an editor"),
    (28, "vim waits for keys"),
    (29, "vitest --watch watches for ever"),
    (30, "git add -A commits what others are changing"),
    (30, "git commit with --no-verify skips the hooks"),
    (31, "a forced push throws away"),
    (32, "git push topic:main leaves the local main stale"),
    (36, "this polls with sleep"),
]
ELSEWHERE = [
    (".cursor/rules/web.mdc", 2, "no file matches web/views/**/*.tsx: this rule never applies"),
    ("CLAUDE.md", 3, "the test command is pnpm test here, but npm test in AGENTS.md:40"),
    ("CLAUDE.md", 3, "git push develop goes to develop, which nobody watches; push to main"),
    ("CLAUDE.md", 3, "the branch to push to is develop here, but main in AGENTS.md:32"),
]


@pytest.fixture
def shop(repository: Repository) -> Repository:
    for path, text in FILES.items():
        repository.write(path, text)
    repository.write("AGENTS.md", (ROOT / "tests/data/instructions/agents.txt").read_text())
    return repository


@pytest.mark.parametrize(("task", "key"), [("docs.check", "broken"), ("prompts.check", "problems")])
def test_every_fault_is_named_and_nothing_else(shop: Repository, task: str, key: str) -> None:
    answer = afterpush(task, "--json", cwd=shop.path)
    assert answer.code == 1
    found = [(one["file"], one["line"], one["message"]) for one in answer.json()[key]]
    expected = [("AGENTS.md", *fault) for fault in FAULTS if "link" not in fault[1] or task == "docs.check"]
    for file, line, said in [*expected, *ELSEWHERE]:
        same = [one for one in found if one[:2] == (file, line) and one[2].startswith(said)]
        assert same, (file, line, said)
        found.remove(same[0])
    assert found == []
