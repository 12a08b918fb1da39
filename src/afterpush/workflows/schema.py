"""The app's schema and the server that reads the migrations, brought together: lint, diff, baseline."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.database import app_database
from afterpush.workflows.migrate import reading_server

if TYPE_CHECKING:
    from afterpush.migrate.diff.compare import Difference
    from afterpush.migrate.diff.live import Live
    from afterpush.migrate.diff.report import Written
    from afterpush.migrate.lint.report import Lint
    from afterpush.migrate.lint.sizes import Size
    from afterpush.migrate.replay.server import Server
    from afterpush.migrate.statements.split import Statement


def lint_migrations(
    here: AppRepository, *, tables_from: str | None, since: str | None, server: str
) -> "Lint":
    """What the migrations do to tables in use, on every flavour of server that is here."""
    from afterpush.infra.console import note
    from afterpush.infra.database_server.choice import NoServer
    from afterpush.migrate.lint.run import both, lint, without_server
    from afterpush.migrate.replay.replay_server import other_flavour

    migrate = here.settings.migrate
    base, statements = _statements(here)
    wanted, sizes = _wanted(statements, since), _sizes(here, tables_from)

    def on(opened: "Server") -> "Lint":
        random_hex = secrets.token_hex
        return lint(opened, statements, base=base, wanted=wanted, sizes=sizes, random_hex=random_hex)

    try:
        with reading_server(here, server) as first:
            found = on(first)
            with other_flavour(first, migrate, here.environment) as second:
                return both(found, on(second)) if second else found
    except NoServer as error:
        note(str(error))
        return without_server(statements, wanted)


def diff_schema(here: AppRepository, *, server: str) -> "Difference":
    """The app's schema beside the migrations' last state. Raises AfterpushError and DatabaseFailure."""
    from afterpush.migrate.diff.compare import difference
    from afterpush.migrate.diff.live import looking_at
    from afterpush.migrate.replay.replay import replay

    base, statements = _statements(here)
    with looking_at(app_database(here)) as live, _server_like(here, live, server) as replaying:
        history = replay(replaying, statements, base=base, random_hex=secrets.token_hex)
        for effect in history.rejected:
            place = f"{effect.statement.file}:{effect.statement.line}"
            raise AfterpushError(
                f"{place}: {effect.rejected}; correct it first (`migrate.audit` lists them all)"
            )
        return difference(history, live.state, [live.title, replaying.title])


def write_baseline(here: AppRepository, *, server: str, dry_run: bool) -> "Written":
    """Writes the app's schema as the first migration. Raises AfterpushError where there are migrations."""
    from afterpush.infra.files import write_atomic
    from afterpush.migrate.diff.baseline import baseline_of, path_for
    from afterpush.migrate.diff.compare import difference, problems_of
    from afterpush.migrate.diff.live import looking_at
    from afterpush.migrate.diff.report import Written
    from afterpush.migrate.replay.replay import replay
    from afterpush.migrate.statements.file_order import files_of
    from afterpush.migrate.statements.split import split

    migrate = here.settings.migrate
    there = files_of(here.repo, migrate.sources, without=migrate.consolidated)
    if there:
        raise AfterpushError(
            f"writing a baseline: there are migrations already ({there[0]}); it must be the first"
        )
    file = path_for(migrate.sources)
    with looking_at(app_database(here)) as live, _server_like(here, live, server) as replaying:
        made = baseline_of(live.connection, live.schema, live.state)
        history = replay(replaying, split(made.text, file), random_hex=secrets.token_hex)
        problems = [f"line {effect.statement.line}: {effect.rejected}" for effect in history.rejected]
        problems += problems_of(difference(history, live.state, []))
    if not dry_run:
        (here.repo / file).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(here.repo / file, made.text)
    return Written(file, made.statements, not dry_run, problems, made.doubtful, made.text if dry_run else "")


def _statements(here: AppRepository) -> "tuple[tuple[Statement, ...], tuple[Statement, ...]]":
    """The statements of `migrate.base`, and of the sources. Raises AfterpushError without a source."""
    from afterpush.migrate.statements.file_order import files_of, statements_of

    migrate = here.settings.migrate
    files = files_of(here.repo, migrate.sources, without=migrate.consolidated)
    if not files:
        raise AfterpushError(
            f"no file matches migrate.sources ({', '.join(migrate.sources)}) in {here.repo}; "
            "name your SQL files in config/afterpush.yaml"
        )
    base = files_of(here.repo, migrate.base, without=migrate.consolidated)
    return statements_of(here.repo, base), statements_of(here.repo, files)


def _wanted(statements: "tuple[Statement, ...]", since: str | None) -> frozenset[str]:
    """All files, or this one and those behind it."""
    files = list(dict.fromkeys(statement.file for statement in statements))
    if since is None:
        return frozenset(files)
    found = [number for number, file in enumerate(files) if since in (file, Path(file).name)]
    if not found:
        raise AfterpushError(f"--since={since}: no source file has this name; the last one is {files[-1]}")
    return frozenset(files[found[0] :])


def _sizes(here: AppRepository, tables_from: str | None) -> "dict[str, Size]":
    from afterpush.migrate.lint.sizes import sizes_from_file, sizes_of

    if tables_from is None:
        return {}
    return sizes_of(app_database(here)) if tables_from == "app" else sizes_from_file(Path(tables_from))


@contextmanager
def _server_like(here: AppRepository, live: "Live", word: str) -> "Iterator[Server]":
    """A server that spells definitions as the app's own does: a private one of its flavour, with its
    settings; else what `migrate.server` names, if that is of the same flavour."""
    from afterpush.migrate.replay.replay_server import server_like

    if not word and (
        found := server_like(live.flavour, live.settings, here.settings.migrate, here.environment)
    ):
        with found as server:
            yield replace(server, options=live.options)
        return
    with reading_server(here, word) as server:
        if server.flavour != live.flavour:
            raise AfterpushError(
                f"the app's database is {live.title}, and only {server.title} is here: they "
                "spell definitions differently; install that flavour, or name one in migrate.server"
            )
        yield replace(server, options=live.options)
