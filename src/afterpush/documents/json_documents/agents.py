"""The documents of `agents.*`; the tools' own answers are described by the server's output schema."""

from typing import Annotated, Literal, TypedDict


class Target(TypedDict):
    target: Annotated[Literal["claude", "codex", "cursor", "copilot", "gemini"], "the client"]
    installed: Annotated[bool, "whether the client's configuration names our server"]
    answers: Annotated[bool, "whether the configured command was started and answered with its tools"]
    files: Annotated[list[str], "the files that hold entries of ours"]
    problem: Annotated[str | None, "why it does not answer; null when it does, or is not installed"]


class Status(TypedDict):
    targets: list[Target]


class Change(TypedDict):
    what: Annotated[Literal["write", "change", "remove", "unchanged"], "what was done, or would be"]
    path: Annotated[str, "the file, from the repository's root"]


class Changes(TypedDict):
    targets: list[str]
    changes: list[Change]
    problems: Annotated[list[str], "what keeps the server from running here"]
    dry_run: bool


DOCUMENTS: dict[str, object] = {
    "agents.install": Changes,
    "agents.uninstall": Changes,
    "agents.status": Status,
}
