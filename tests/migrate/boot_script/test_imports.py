"""Following imports from the entry point to the boot script."""

from pathlib import Path

import pytest

from afterpush.migrate.boot_script.entry_point import find_entry_point
from afterpush.migrate.boot_script.imports import reach
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
        ("not json", "server/_core/index.ts"),
        ("[]", "server/_core/index.ts"),
    ],
)
def test_the_entry_point_is_found_from_package_json(tmp_path: Path, package: str, entry: str) -> None:
    names = ("server/_core/index.ts", "server/main.ts", "server/index.ts", "dist/index.js")
    write(tmp_path, dict.fromkeys(names, "") | {"package.json": package})
    assert find_entry_point(tmp_path) == entry
