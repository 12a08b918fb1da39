"""What instructions get wrong, each kind in several words, and what looks like it and is left alone."""

import json
import subprocess
from pathlib import Path

import pytest

from afterpush.documents.instructions.check import findings
from afterpush.documents.instructions.files import is_record
from afterpush.documents.instructions.repository import Facts
from afterpush.text.task_catalog import Catalog

FILES = {
    "package.json": json.dumps({
        "name": "shop",
        "scripts": {"build": "x", "test": "x", "type-check": "x", "test:watch": "x"},
        "devDependencies": {"vitest": "1", "eslint": "9"},
    }),
    "web/package.json": json.dumps({"name": "@shop/web", "scripts": {"dev": "x", "e2e": "x"}}),
    "Makefile": "%.html: %.md\n\tx\nserve deploy: build\n\tx\n.PHONY: build\nbuild:\n\tx\n",
    "justfile": "set shell := ['sh']\nalias b := build\nmod db\n@build target='all':\n  x\n",
    "Taskfile.yml": "tasks:\n  build: {aliases: [b], cmds: [x]}\n"
    "  'lint:*': {cmds: [x]}\nincludes:\n  docs: ./docs\n",
    "pyproject.toml": "[tool.poetry.scripts]\nshopctl = 'shop:main'\n",
    "src/shop/cli.py": "", "src/shop/models/order.py": "",
    "scripts/deploy.sh": "", "docs/guide.md": "", "docs/adr/0001-use-git.md": "",
    ".env.example": "DATABASE_URL=\n# SENTRY_DSN=\n",
    "src/settings.py": "import os\nos.environ['REDIS_URL']\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    root = tmp_path_factory.mktemp("instructions")
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return Facts(Path(root), frozenset(FILES), Catalog({}), frozenset({"main"}))


def said(facts: Facts, markdown: str, **others: str) -> list[str]:
    documents = {"AGENTS.md": markdown, **{f"{name}.md": text for name, text in others.items()}}
    return [one.message for ones in findings(documents, facts, frozenset(documents)).values() for one in ones]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Run `npm run lint` first.", "package.json has no script lint"),
        ("`pnpm typecheck` must pass.", "no script typecheck; did you mean type-check?"),
        ("- `yarn lint`", "no script lint"),
        ("```sh\nbun run test:unti\n```", "no script test:unti"),
        (
            "```sh\nyarn workspace @shop/web deev\n```",
            "web/package.json has no script deev; did you mean dev?",
        ),
        ("```sh\nnpm --prefix web run build\n```", "web/package.json has no script build"),
        ("```sh\ncd web && npm test\n```", "web/package.json has no script test"),
        (
            "```sh\npnpm --filter @shop/wbe dev\n```",
            "there is no workspace @shop/wbe; did you mean @shop/web?",
        ),
        ("Then `make deply`.", "the Makefile has no target deply; did you mean deploy?"),
        ("```\n$ just bild\n```", "the justfile has no recipe bild; did you mean build?"),
        ("Then `shopctrl serve`.", "declares no program shopctrl; did you mean shopctl?"),
        ("Use `task biuld`.", "the Taskfile has no task biuld; did you mean build?"),
        (
            "```sh\nuv run python -m shop.models.oder\n```",
            "no Python module shop.models.oder; did you mean shop.models.order?",
        ),
        ("```sh\npoetry run shopctrl serve\n```", "declares no program shopctrl; did you mean shopctl?"),
        (
            "```sh\nbash scripts/deploi.sh\n```",
            "scripts/deploi.sh does not exist; did you mean scripts/deploy.sh?",
        ),
        (
            "The models are in `src/models/order.py`.",
            "src/models/order.py does not exist; did you mean src/shop/models/order.py?",
        ),
        ("Read `docs/setup.md` first.", "docs/setup.md does not exist"),
        ("@docs/rules.md", "the import @docs/rules.md: it does not exist"),
        ("Set `DATABASE_ULR`.", "no variable DATABASE_ULR; did you mean DATABASE_URL?"),
        ("Put `PAYMENT_KEY` into `.env`.", "no variable PAYMENT_KEY"),
        ("Push with `git push origin feature/x:main`.", "leaves the local main stale"),
        ("Commit, push (`git push origin HEAD:main`) and report.", "leaves the local main stale"),
        ("Push without a PR: `git push origin topic:main`.", "leaves the local main stale"),
        ("⚠️ Instead of opening a PR use `git push origin topic:main`.", "leaves the local main stale"),
        ("To prevent conflicts, run `git push --force`.", "a forced push"),
        ("Push with `git push origin master`.", "goes to master, which nobody watches; push to main"),
        ("Never wait for CI, just run `git push -f`.", "a forced push"),
        ("Do not forget to run `git push --force origin main`.", "a forced push"),
        ("If something is odd, run `git reset --hard` and go on.", "git reset --hard throws away"),
        ("If the hooks are slow, commit with `--no-verify`.", "git commit with --no-verify skips the hooks"),
        ("1. `git checkout .`\n2. Go on.", "throws away every change"),
        ("```sh\ngit stash clear\n```", "deletes what was stashed"),
        ("```sh\ngit clean -xdf\n```", "git clean -f deletes"),
        ("```sh\ngit commit --amend\n```", "git commit waits for an editor"),
        ("Several agents share one checkout here.\n\nThen `git add .`.", "commits what others are changing"),
        ("Run `npm run test:watch` while you work.", "watches for ever"),
        ("Look at the log with `tail -f app.log`.", "follows a log for ever"),
        ("Then read it: `less app.log`.", "less waits for keys"),
        ("Then look: `git log -p | less`.", "less waits for keys"),
        ("## Tests\n\n```sh\nnpx vitest --watch\n```", "watches for ever"),
        ("```sh\nnano .env\n```", "nano waits for keys"),
        ("Open it with `kubectl edit deployment shop`.", "waits for keys"),
        ("```sh\nwhile ! curl -fs localhost; do sleep 2; done\n```", "this polls with sleep"),
        ("Check with `sleep 30` and look again, until it is live.", "sleep waits blindly"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(facts: Facts, markdown: str, expected: str) -> None:
    found = said(facts, markdown)
    assert len(found) == 1 and expected in found[0], found


@pytest.mark.parametrize(
    "markdown",
    [
        "`npm run dev`, `npm run build`, `npm ci`, `yarn vitest`, `pnpm eslint .`, `npm test -- --run`",
        "```sh\ncd web\nnpm run dev\ncd ..\nnpm run build\n```",
        "`npm run <script>`, `npm run SCRIPT`, `pnpm run build:*`, `npm run $NAME`",
        "```sh\nnpx create-app shop && cd shop\nnpm run whatever\n```",
        "`make index.html`, `make build serve`, `make CC=gcc build`",
        "`just b`, `just build all`, `just db seed`, `task b`, `task lint:js`, `task docs:serve`",
        "`python -m pytest`, `python -m venv .venv`, `python3 -m shop.cli`, `python -m http.server`",
        "`uv run shopctl`, `poetry run pytest`",
        "Create `src/shop/prices.py`; tests go to `tests/test_NAME.py`, for example `src/foo/bar.py`.",
        "The old `scripts/deploi.sh` is gone. `dist/main.js` is generated. `text/html`, `and/or`",
        "`cli.py`, `models/order.py`, `./docs/guide.md`, `docs/adr/*.md`, `src/**/*.py`",
        "Set `SENTRY_DSN` and `REDIS_URL` in `.env`; `MAX_RETRIES` is a constant.",
        "Never run `git push --force` or `git reset --hard`.",
        "`git push --force` is forbidden. Don't use `--no-verify`.",
        "## Never\n\n- `git clean -fdx`\n- `git push -f`",
        "Do not do this:\n\n```sh\ngit push --force\n```",
        "```sh\n# wrong: it loses work\ngit reset --hard\n\ngit stash\n```",
        "| Do | Don't |\n|---|---|\n| `git stash` | `git reset --hard` |",
        "The guard rejects `git push origin topic:main`.",
        "Ask before you run `git clean -fd`.",
        "Do not commit with `--no-verify`; `--force` is an option of push.",
        "```sh\ngit clone https://example.org/x && cd x\ngit reset --hard origin/main\n```",
        "`git reset --hard` discards your changes, so take a backup.",
        "Push with `git push origin main` or `git push --force-with-lease origin topic`.",
        "Then `git add -A`.",
        "```sh\nnpm run test:watch  # in watch mode\nnpm test\n```",
        "`npm run test:watch` tests again on every change.",
        "```sh\nfor i in $(seq 30); do curl -fs localhost && break; sleep 2; done\n```",
        "```sh\nsleep 5\njournalctl -u shop -f | head\n```",
        "Before `git commit`, run `npm test`.",
        "```sh\nGIT_SEQUENCE_EDITOR=true git rebase -i --autosquash main\ngit commit --amend --no-edit\n```",
        "Run `gh run watch` after the push.",
        "The maintainer may run `git rebase -i HEAD~3` themselves.",
        "Run `git rebase -i` only in your own terminal, not as an agent.",
        "`git push --force` 禁止です。",
        "Não execute `git reset --hard origin/main`.",
        "`git push --force` kullanma.",
        "The models are in `src/.../order.py`.",
        "Run kein `git push --force`.",
    ],
)
def test_what_is_right_or_cannot_be_judged_is_left_alone(facts: Facts, markdown: str) -> None:
    assert said(facts, markdown) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Run the tests with `pytest -q`.", "Run the tests with `nose2 -v`.", 1),
        ("Run the tests with `pytest -q`.", "Run the tests with `uv run python -m pytest tests/`.", 0),
        ("Run the tests with `make test`.", "Run the tests with `pytest`.", 0),
        ("```sh\nnpm test\n```", "```sh\nyarn test\n```", 1),
        ("`npm test`", "`npm run test`", 0),
        ("Push: `git push origin main`.", "Push: `git push origin production`.", 2),
        ("Push: `git push origin main`.", "Never `git push origin production`.", 0),
    ],
)
def test_files_that_contradict_each_other(facts: Facts, one: str, other: str, expected: int) -> None:
    found = [
        line for line in said(facts, one, CLAUDE=other) if "here, but" in line or "nobody watches" in line
    ]
    assert len(found) == expected, found


def test_a_record_of_what_was_done_once_is_not_held_against_today() -> None:
    records = [
        "docs/adr/0001-use-git.md",
        "docs/roadmaps/MASTER.md",
        "docs/CHANGELOG.md",
        "docs/notes-2026-11.md",
    ]
    assert [path for path in [*records, "docs/deploy.md", "docs/how-to/plan.md"] if not is_record(path)] == [
        "docs/deploy.md",
        "docs/how-to/plan.md",
    ]
