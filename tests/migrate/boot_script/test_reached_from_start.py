"""Following imports from the entry point to the boot script."""

from pathlib import Path

import pytest

from afterpush.migrate.boot_script.entry_points import find_entry_points
from afterpush.migrate.boot_script.project import Project
from afterpush.migrate.boot_script.reached_from_start import reach
from tests.migrate.repositories import write

BOOT = "export async function runAutoMigrations() {}\n"
CALL = "await runAutoMigrations();\n"


def called(root: Path, files: dict[str, str], boot: str = BOOT) -> tuple[bool | None, tuple[str, ...]]:
    write(root, {"server/autoMigrate.ts": boot} | files)
    found = reach(root, "server/autoMigrate.ts", None)
    assert found.message
    return found.called, found.chain


@pytest.mark.parametrize(
    "entry",
    [
        'import { runAutoMigrations } from "./autoMigrate";\n' + CALL,
        'import { runAutoMigrations as up } from "./autoMigrate.js";\nup();\n',
        'import * as boot from "./autoMigrate";\nboot.runAutoMigrations();\n',
        'const { runAutoMigrations } = await import("./autoMigrate");\n' + CALL,
        'const boot = require("./autoMigrate.ts");\nboot.runAutoMigrations().then(() => 1);\n',
        'import { runAutoMigrations } from "./autoMigrate";\nconnect().then(runAutoMigrations);\n',
    ],
)
def test_every_way_to_import_and_call_is_seen(tmp_path: Path, entry: str) -> None:
    assert called(tmp_path, {"server/index.ts": entry}) == (
        True,
        ("server/index.ts", "server/autoMigrate.ts"),
    )


SERVICE = "export class Service { async onModuleInit() { await this.db.query('DROP TABLE t'); } }\n"
RUNNER = "export class Runner { async up() { await this.db.query('DROP TABLE t'); } }\n"
PACKAGE_OF_DB = '{"name": "@shop/db", "main": "dist/index.js"}'


@pytest.mark.parametrize(
    ("boot", "files", "is_called"),
    [
        (SERVICE, {"server/index.ts": 'import { Service } from "./autoMigrate";\nuse([Service]);\n'}, True),
        (RUNNER, {"server/index.ts": 'import { Runner } from "./autoMigrate";\nuse([Runner]);\n'}, False),
        (RUNNER, {"server/index.ts": 'import { Runner } from "./autoMigrate";\nnew Runner();\n'}, False),
        (RUNNER, {"server/index.ts": 'import { Runner } from "./autoMigrate";\nnew Runner().up();\n'}, True),
        (
            "export const runner = { async up() {} };\n",
            {"server/index.ts": 'import { runner } from "./autoMigrate";\nrunner.up();\n'},
            True,
        ),
        ("module.exports = async () => {};\n", {"server/index.ts": 'require("./autoMigrate")();\n'}, True),
        (
            "exports.run = async () => {};\n",
            {"server/index.ts": 'const { run: up } = require("./autoMigrate");\nup();\n'},
            True,
        ),
        (
            "export const db = await open();\nawait db.query('DROP TABLE t');\n",
            {"server/index.ts": 'import "./autoMigrate";\n'},
            True,
        ),
        (
            "export async function up() {}\nif (require.main === module) up();\n",
            {"server/index.ts": 'import "./autoMigrate";\n'},
            False,
        ),
        (
            BOOT,
            {
                "package.json": '{"imports": {"#server/*": "./server/*"}}',
                "server/index.ts": 'import { runAutoMigrations } from "#server/autoMigrate.js";\n' + CALL,
            },
            True,
        ),
        (
            BOOT,
            {
                "package.json": '{"scripts": {"start": "tsx api/start.ts"}}',
                "server/package.json": PACKAGE_OF_DB,
                "server/index.ts": 'export * from "./autoMigrate";\n',
                "api/start.ts": 'import { runAutoMigrations } from "@shop/db";\n' + CALL,
            },
            True,
        ),
    ],
)
def test_what_runs_it_may_be_a_class_an_object_a_framework_or_the_import(
    tmp_path: Path, boot: str, files: dict[str, str], is_called: bool
) -> None:
    assert called(tmp_path, files, boot)[0] is is_called


def test_a_default_export_is_called_by_the_importers_name(tmp_path: Path) -> None:
    boot = "export default async function () {}\n"
    files = {"server/index.ts": 'import anything from "./autoMigrate";\nanything();\n'}
    assert called(tmp_path, files, boot)[0] is True


def test_the_way_leads_through_other_files_index_files_and_aliases(tmp_path: Path) -> None:
    files = {
        "tsconfig.json": '{"compilerOptions": {"baseUrl": ".", // x\n"paths": {"@/*": ["./server/*"]},}}',
        "server/index.ts": 'import "./boot";\n',
        "server/boot/index.ts": 'import { runAutoMigrations } from "@/autoMigrate";\n' + CALL,
    }
    assert called(tmp_path, files) == (
        True,
        ("server/index.ts", "server/boot/index.ts", "server/autoMigrate.ts"),
    )


@pytest.mark.parametrize(
    ("barrel", "entry", "is_called"),
    [
        ('export * from "./autoMigrate";\n', "import { runAutoMigrations } from './boot';\n" + CALL, True),
        (
            'export { runAutoMigrations as up } from "./autoMigrate";\n',
            "import { up } from './boot';\nup();\n",
            True,
        ),
        ('export { other } from "./autoMigrate";\n', "import { other } from './boot';\nother();\n", False),
        ('export * from "./autoMigrate";\n', "import { runAutoMigrations } from './boot';\n", False),
    ],
)
def test_a_barrel_hands_the_script_on(tmp_path: Path, barrel: str, entry: str, is_called: bool) -> None:
    files = {"server/boot.ts": barrel, "server/index.ts": entry}
    assert called(tmp_path, files)[0] is is_called


def test_imported_and_never_called_is_dead(tmp_path: Path) -> None:
    files = {
        "server/index.ts": 'import { runAutoMigrations } from "./autoMigrate";\n// runAutoMigrations()\n'
    }
    assert called(tmp_path, files)[0] is False


def test_a_type_import_is_no_import(tmp_path: Path) -> None:
    files = {"server/index.ts": 'import type { X } from "./autoMigrate";\n' + CALL}
    assert called(tmp_path, files) == (False, ())


def test_a_script_that_runs_when_it_is_imported_is_called(tmp_path: Path) -> None:
    boot = BOOT + "runAutoMigrations();\n"
    assert called(tmp_path, {"server/index.ts": 'import "./autoMigrate";\n'}, boot)[0] is True


def test_circles_of_imports_end(tmp_path: Path) -> None:
    files = {"server/index.ts": 'import "./a";\n', "server/a.ts": 'import "./index";\n'}
    assert called(tmp_path, files)[0] is False


def test_without_an_entry_point_nothing_is_claimed(tmp_path: Path) -> None:
    assert called(tmp_path, {}) == (None, ())


def test_a_configured_entry_point_that_is_not_there_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"server/autoMigrate.ts": BOOT})
    found = reach(tmp_path, "server/autoMigrate.ts", "server/gone.ts")
    assert found.called is None and "server/gone.ts does not exist" in found.message


@pytest.mark.parametrize(
    ("package", "entry"),
    [
        (
            '{"scripts": {"build": "vite build && esbuild server/_core/index.ts --bundle"}}',
            "server/_core/index.ts",
        ),
        (
            '{"scripts": {"dev": "tsx watch ./server/main.ts", "start": "node dist/index.js"}}',
            "server/main.ts",
        ),
        ('{"main": "server/main.ts"}', "server/main.ts"),
        ('{"scripts": {"start:prod": "node dist/main"}}', "server/main.ts"),
        ('{"scripts": {"start": "pm2-runtime ecosystem.config.js"}}', "server/_core/index.ts"),
        ('{"scripts": {"start": "npm run api", "api": "node server/main"}}', "server/main.ts"),
        ('{"scripts": {"start": "cd server && npm start"}}', "server/main.ts"),
        ('{"scripts": {"start": "npm start -w @shop/server"}}', "server/main.ts"),
        ("not json", "server/_core/index.ts"),
        ("[]", "server/_core/index.ts"),
    ],
)
def test_the_entry_point_is_found_from_package_json(tmp_path: Path, package: str, entry: str) -> None:
    names = ("server/_core/index.ts", "server/main.ts", "server/index.ts", "dist/index.js")
    write(tmp_path, dict.fromkeys(names, "") | {"package.json": package})
    if "server" in package and "start" in package:
        inner = '{"name": "@shop/server", "scripts": {"start": "node -r dotenv/config dist/main.js"}}'
        write(tmp_path, {"server/package.json": inner})
    assert find_entry_points(Project(tmp_path))[0] == entry
