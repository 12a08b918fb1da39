"""The old way in the start script: found, and taken out with nothing else."""

from pathlib import Path

import pytest

from afterpush.migrate.boot_script.start_script import old_steps, reads_sources, without
from tests.migrate.repositories import OLD_RUNNER, write

SOURCES = frozenset(["migrations/001_needs.sql"])
PACKAGE = (
    '{"scripts": {"migrate": "node scripts/migrate.js", "start": "node dist/index.js", "lint": "eslint"}}'
)


def stripped(root: Path, script: str) -> tuple[str, list[str]]:
    """The script without its old steps, and the reasons of those that stay."""
    write(root, {"scripts/migrate.js": OLD_RUNNER, "scripts/other.js": "// seeds\n", "package.json": PACKAGE})
    found = old_steps(script, root, SOURCES)
    return without(script, found), [step.refusal for step in found if step.refusal]


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ("node scripts/migrate.js\n", ""),
        ("node ./scripts/migrate.js || echo 'failed'\n", ""),
        ("node scripts/migrate.js || { echo failed; exit 1; }\n", ""),
        ("npm run migrate\n", ""),
        ("pnpm migrate && node dist/index.js\n", "node dist/index.js\n"),
        ("  node scripts/migrate.js; exec node dist/index.js\n", "  exec node dist/index.js\n"),
        ('mysql -h "$DB_HOST" \\\n  app < migrations/001_needs.sql\n', ""),
        ('for f in migrations/*.sql; do\n  echo "$f"\n  mysql app < "$f"\ndone\n', ""),
        ('for f in migrations/*.sql; do mysql app < "$f"; done\n', ""),
        (
            "cd /app && node scripts/migrate.js && exec node dist/index.js\n",
            "cd /app && exec node dist/index.js\n",
        ),
        ("node scripts/other.js; node scripts/migrate.js\n", "node scripts/other.js\n"),
        ('echo "a; b" && node scripts/migrate.js\n', 'echo "a; b"\n'),
        ("echo migrating && node scripts/migrate.js && echo migrated\n", ""),
        ("node scripts/migrate.js || echo no; node scripts/other.js\n", "node scripts/other.js\n"),
        ("node scripts/migrate.js 2>&1 | tee log\n", ""),
        ("dbmate --wait up && node dist/index.js\n", "node dist/index.js\n"),
        ('flyway -url="$DB" migrate\n', ""),
        ("migrate -path ./migrations -database $DB up\n", ""),
        ("if ! node scripts/migrate.js; then\n  echo failed\n  exit 1\nfi\n", ""),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_step_goes_and_every_other_byte_stays(tmp_path: Path, step: str, kept: str, newline: str) -> None:
    head, tail = "#!/bin/sh\nset -e\n# start\n", 'echo "up"\nexec node dist/index.js'
    script = (head + step + tail).replace("\n", newline)
    text, reasons = stripped(tmp_path, script)
    assert (text, reasons) == ((head + kept + tail).replace("\n", newline), [])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('if [ -n "$X" ]; then\n  node scripts/migrate.js\n  node scripts/other.js\nfi\n', "inside a block"),
        ("up() {\n  node scripts/migrate.js\n}\nup\n", "inside a block"),
        (
            "node scripts/migrate.js | tee log\nnode scripts/migrate.js || node scripts/other.js\n",
            "more than this",
        ),
        ("if node scripts/migrate.js; then\n  node scripts/other.js\nfi\n", "the block does more"),
        ("node dist/index.js & node scripts/migrate.js\n", "more than this (&)"),
        ("node scripts/other.js || node scripts/migrate.js\n", "more than this (||)"),
    ],
)
def test_a_step_that_is_bound_to_others_stays_with_the_reason(
    tmp_path: Path, script: str, reason: str
) -> None:
    text, reasons = stripped(tmp_path, script)
    assert any(reason in one for one in reasons), reasons
    assert "scripts/migrate.js" in text


@pytest.mark.parametrize(
    "script",
    [
        "",
        "#!/bin/sh\nexec node dist/index.js\n",
        'echo "node scripts/migrate.js"\n',
        "# node scripts/migrate.js\n",
        "node scripts/other.js\nnpm run lint\nnpx drizzle-kit push\n",
        "ls migrations/\n",
        "npx prisma migrate deploy\n",
        "dbmate status\n",
    ],
)
def test_what_is_not_the_old_way_is_left_alone(tmp_path: Path, script: str) -> None:
    assert stripped(tmp_path, script) == (script, [])


START = "node scripts/migrate.js && node dist/index.js"


@pytest.mark.parametrize(
    ("file", "text", "kept"),
    [
        ("package.json", '{"scripts": {"migrate": "node scripts/migrate.js", "start": "START"}}', None),
        (
            "package.json",
            '{\r\n  "scripts": {\r\n    "start:prod": "START",\r\n    "x": "y"\r\n  }\r\n}\r\n',
            None,
        ),
        ("Procfile", "web: START\nworker: node dist/worker.js\n", None),
        (".do/app.yaml", "services:\n- name: web\n  run_command: START\n  http_port: 80\n", None),
        (".do/app.yaml", "  run_command: 'START' \n", None),
        ("Dockerfile", "FROM node:20\nCMD START\n", None),
        ("Procfile", "release: node scripts/migrate.js\nweb: node dist/index.js\n", "nothing would be left"),
        ("package.json", '{"scripts": {"start": "node scripts/migrate.js \\"x\\" && y"}}', "is quoted"),
        ("Dockerfile", 'CMD ["sh", "-c", "START"]\n', "is quoted"),
        (".do/app.yaml", '  run_command: ["sh", "-c", "START"]\n', "is quoted"),
        (
            ".do/app.yaml",
            "  run_command: |\n    node scripts/migrate.js\n    node dist/index.js\n",
            "several",
        ),
        ("package.json", '{"scripts": {"start": "node x & node scripts/migrate.js"}}', "more than this (&)"),
    ],
)
def test_a_command_in_another_file_keeps_everything_around_it(
    tmp_path: Path, file: str, text: str, kept: str | None
) -> None:
    write(tmp_path, {"scripts/migrate.js": OLD_RUNNER})
    script = text.replace("START", START)
    found = old_steps(script, tmp_path, SOURCES, file)
    assert len(found) == 1
    if kept:
        assert kept in found[0].refusal and without(script, found) == script
    else:
        assert without(script, found) == text.replace("START", "node dist/index.js")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("package.json", '{"scripts": {"migrate": "node scripts/migrate.js"}}'),
        (".do/app.yaml", "  run_command: |\n    node dist/index.js\n"),
        ("Dockerfile", "RUN node scripts/migrate.js\nCMD node dist/index.js\n"),
    ],
)
def test_only_what_starts_the_app_counts_in_such_a_file(tmp_path: Path, file: str, text: str) -> None:
    write(tmp_path, {"scripts/migrate.js": OLD_RUNNER})
    assert old_steps(text, tmp_path, SOURCES, file) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("const fs = require('fs');\nfor (const f of fs.readdirSync('./migrations')) run(f);\n", 2),
        ("import { readFile } from 'fs';\n\nawait db.query(await readFile('db/001_needs.sql'));\n", 3),
        ("await migrate(db, { migrationsFolder: `${root}/migrations` });\n", 1),
        ("import { readFile } from 'fs';\nconst key = await readFile('tls/key.pem');\n", None),
        ("import { x } from './migrations';\n// readdirSync('./migrations')\n", None),
        ("const ca = readFileSync('ca.pem');\nif (await isThere('migrations')) await start();\n", None),
        ("const dir = '../migrations';\nfor (const f of readdirSync(dir)) run(f);\n", 2),
        ("await db.query('CREATE TABLE migrations (id INT)');\n", None),
    ],
)
def test_a_boot_script_that_runs_the_files_itself_is_known(script: str, line: int | None) -> None:
    assert reads_sources(script, SOURCES) == line


def test_a_tool_runs_the_files_of_its_own_folder(tmp_path: Path) -> None:
    script = "npx prisma migrate deploy && node dist/index.js\n"
    found = old_steps(script, tmp_path, frozenset(["prisma/migrations/1/migration.sql"]))
    assert without(script, found) == "node dist/index.js\n"
