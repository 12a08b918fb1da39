"""Every configuration key, with its type and default: `config/afterpush.yaml` documents them.

Numbers are in the unit that the key's name says. A section's meaning belongs to its feature; the
shapes are here together because one file holds them all.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Positive = Annotated[float, Meta(ge=0)]
Globs = list[str]
GuardLevel = Literal["off", "warn", "block"]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mapping of the file; unknown keys are errors."""


class Poll(Section, frozen=True):
    discover_seconds: Positive = 5
    building_seconds: Positive = 10
    deploying_seconds: Positive = 4
    backoff_max_seconds: Positive = 60


class Deploy(Section, frozen=True):
    app: str | None = None
    branches: list[str] = field(default_factory=lambda: ["main"])
    timeout_seconds: Positive = 1800
    grace_seconds: Positive = 180
    keep_days: Positive = 7
    state_dir: str | None = None
    poll: Poll = field(default_factory=Poll)
    database_table: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_$]+$")] = "deployments"


class Health(Section, frozen=True):
    url: str | None = None
    commit_field: str | None = None
    ready_seconds: Positive = 30


class Guards(Section, frozen=True):
    conflict_markers: GuardLevel = "block"
    secrets: GuardLevel = "warn"
    force_push: GuardLevel = "warn"
    unfinished_merge: GuardLevel = "warn"


class Hooks(Section, frozen=True):
    enabled: bool = True
    install_hint: str | None = None
    guards: Guards = field(default_factory=Guards)


class Push(Section, frozen=True):
    remote: str = "origin"
    branch: str = "main"
    attempts: Annotated[int, Meta(ge=1)] = 10
    strategy: Literal["rebase", "merge"] = "rebase"
    check: str | None = None


class LockFile(Section, frozen=True):
    """A file that one side wins whole, and that its owner then regenerates."""

    regenerate: list[str] = field(default_factory=list)


class Documents(Section, frozen=True):
    roadmap: Globs = field(default_factory=lambda: ["docs/roadmaps/*.md", "docs/ROADMAP.md", "ROADMAP.md"])
    sessions: Globs = field(default_factory=lambda: ["docs/ACTIVE_SESSIONS.md"])
    session_files: Globs = field(default_factory=lambda: ["docs/sessions/**/*.md"])
    well_known: bool = True
    lock_files: dict[str, LockFile] | None = None
    json_rules: dict[str, dict[str, Literal["ours", "theirs", "max", "min", "newest"]]] = field(
        default_factory=dict
    )


class ServerVariables(Section, frozen=True):
    """System variables of a private server, where production has other values than the server's own.

    A closed list: none of them names a file, a program or a port.
    """

    sql_mode: str | None = None
    character_set_server: str | None = None
    collation_server: str | None = None
    default_time_zone: str | None = None
    default_storage_engine: str | None = None
    lower_case_table_names: Annotated[int, Meta(ge=0, le=1)] | None = None
    explicit_defaults_for_timestamp: bool | None = None
    sql_require_primary_key: bool | None = None


class Migrate(Section, frozen=True):
    base: Globs = field(default_factory=list)
    sources: Globs = field(default_factory=lambda: ["migrations/*.sql"])
    boot_script: str | None = "server/autoMigrate.ts"
    entry_point: str | None = None
    start_script: str | None = "scripts/start.sh"
    consolidated: str = "migrations/consolidated.sql"
    server: str = "auto"
    server_variables: ServerVariables = field(default_factory=ServerVariables)
    once: bool | None = None
    destructive: bool = False


class Prompts(Section, frozen=True):
    roadmap: Globs = field(default_factory=lambda: ["docs/roadmaps/*.md", "docs/ROADMAP.md", "ROADMAP.md"])
    template: str = "config/prompts/task.md.j2"
    output: str = "docs/prompts"
    generated_pattern: str | None = None


class Docs(Section, frozen=True):
    source: str = "docs"
    output: str = "site"
    title: str | None = None
    reference: str = "docs/reference"
    ignore: Globs = field(default_factory=list)


class AppSpec(Section, frozen=True):
    path: str = ".do/app.yaml"


class Swarm(Section, frozen=True):
    agents: Annotated[int, Meta(ge=1)] = 4
    command: str | None = None
    check: str | None = None
    timeout_seconds: Positive = 3600
    engine: Literal["local", "dask"] = "local"
    attempts: Annotated[int, Meta(ge=1)] = 1
    claim_seconds: Positive = 600
    worktrees: str | None = None
    memory_megabytes: Positive = 0
    disk_free_megabytes: Positive = 500
    scheduler: str | None = None
    hosts: list[str] = field(default_factory=list)


class Commands(Section, frozen=True):
    """What every command of this file has in common: checks, agents, `regenerate`, `notify.command`."""

    variables: list[str] = field(default_factory=list)


class Notify(Section, frozen=True):
    command: list[str] = field(default_factory=list)
    webhook_env: str | None = None


class Settings(Section, frozen=True):
    """The whole file."""

    deploy: Deploy = field(default_factory=Deploy)
    health: Health = field(default_factory=Health)
    hooks: Hooks = field(default_factory=Hooks)
    push: Push = field(default_factory=Push)
    documents: Documents = field(default_factory=Documents)
    migrate: Migrate = field(default_factory=Migrate)
    prompts: Prompts = field(default_factory=Prompts)
    docs: Docs = field(default_factory=Docs)
    appspec: AppSpec = field(default_factory=AppSpec)
    swarm: Swarm = field(default_factory=Swarm)
    notify: Notify = field(default_factory=Notify)
    commands: Commands = field(default_factory=Commands)
