"""Coding agents: the verdict as a tool, a gate before the end of a turn, and the clients' configuration."""

import os
from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, task

TARGET = "the client: claude, codex, cursor, copilot or gemini"


@task()
def serve(
    allow_push: Flag[bool, "offer the tool push as well: what `push` does, with its guards"] = False,
) -> ExitCode:
    """Serve an agent over stdio (Model Context Protocol): verdict, wait, explain and, if allowed, push."""
    from afterpush.workflows.agents.tools import serve_here

    serve_here(allow_push=allow_push)
    return ExitCode.GOOD


@task()
def install(
    target: Flag[str, f"{TARGET}; several with commas"] = "",
    allow_push: Flag[bool, "let its agents push through the server"] = False,
    dry_run: Flag[bool, "print what would be written, write nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Write server, gate and instructions into a client's files of this repository."""
    from afterpush.workflows.agents.install import install_clients

    return install_clients(target, allow_push=allow_push, dry_run=dry_run, json=json)


@task()
def uninstall(
    target: Flag[str, f"{TARGET} (default: all)"] = "",
    dry_run: Flag[bool, "print what would be undone"] = False,
    json: Json = False,
) -> ExitCode:
    """Remove what agents.install wrote; everything else stays as it is, byte for byte."""
    from afterpush.workflows.agents.install import uninstall_clients

    return uninstall_clients(target, dry_run=dry_run, json=json)


@task()
def status(target: Flag[str, f"{TARGET} (default: all)"] = "", json: Json = False) -> ExitCode:
    """Show which clients are set up, and prove it: start the configured command and ask it for its tools."""
    from afterpush.workflows.agents.install import show_status

    return show_status(target, json=json)


@task()
def gate(target: Flag[str, f"{TARGET} (default: as its input shows)"] = "") -> ExitCode:
    """Hold an agent whose last push is not proved live; a client's hook calls it, with its JSON on stdin."""
    from afterpush.workflows.agents.gate import gate_at_stdin

    gate_at_stdin(os.environ, target)
    return ExitCode.GOOD


ns = Collection("agents", serve, install, uninstall, status, gate)
