"""The documents of `migrate.audit`, `migrate.consolidate`, `migrate.apply` and `migrate.prove`."""

from typing import Annotated, TypedDict


class Object(TypedDict):
    kind: Annotated[str, "`table`, `column`, `primary_key`, `index`, `foreign_key`, `check`, `view`, ..."]
    table: Annotated[str | None, "the table that it belongs to, or is; null for what belongs to none"]
    name: str
    file: Annotated[str, "the file that made it, or changed it last"]
    line: int
    covered: Annotated[bool, "whether the boot script or the steps make it with the same definition"]
    where: Annotated[str | None, "`file:line` of what covers it; null where nothing does"]
    known_as: Annotated[str | None, "its name there; null where that is the same"]


class Remark(TypedDict):
    file: str
    line: int
    message: Annotated[str, "what there is to say; the server's words for `invalid`"]
    sql: Annotated[str, "the statement, shortened"]


class Portability(TypedDict):
    file: str
    line: int
    rule: Annotated[str, "the rule's name; `rejected` where the other server was asked"]
    rejected_by: Annotated[str, "the server that does not take it"]
    message: str


class Duplicate(TypedDict):
    kind: str
    table: str
    definition: Annotated[str, "the columns, or the definition"]
    names: Annotated[list[str], "the names that this definition has"]
    places: Annotated[list[str], "`file:line`, one for each name"]


class Redefined(TypedDict):
    table: str
    places: Annotated[list[str], "`file:line` of both definitions"]
    differences: Annotated[str, "the parts that differ"]


class BootScript(TypedDict):
    path: Annotated[str | None, "null without a boot script"]
    kind: Annotated[str | None, "`typescript` or `sql`"]
    entry_point: Annotated[str | None, "the file from which imports are followed; null for SQL"]
    called: Annotated[bool | None, "whether anything calls it; null where that cannot be known"]
    chain: Annotated[list[str], "the files from the entry point to the boot script"]
    message: str


class OldStep(TypedDict):
    line: int
    text: str
    refusal: Annotated[str, "why it cannot be removed by itself; empty where it can"]


class OldStepElsewhere(TypedDict):
    file: str
    line: int
    text: str


class StartScript(TypedDict):
    path: Annotated[str | None, "null without a start script"]
    old_steps: Annotated[list[OldStep], "what still runs the migrations the old way"]
    elsewhere: Annotated[list[OldStepElsewhere], "the same in files that are not configured"]


class Audit(TypedDict):
    statements: Annotated[int, "statements of the sources"]
    files: Annotated[list[str], "the source files, in the order in which they run"]
    objects: list[Object]
    missing: Annotated[list[Object], "those that nothing covers"]
    unaudited: Annotated[list[Remark], "SQL of a boot script that cannot be known before it runs"]
    invalid: Annotated[list[Remark], "what the server rejects"]
    portability: Annotated[list[Portability], "what only one of the two servers takes"]
    destructive: Annotated[list[Remark], "statements that lose rows or values"]
    duplicates: Annotated[list[Duplicate], "one definition under several names"]
    redefined: Annotated[list[Redefined], "what two places define differently"]
    queries: Annotated[list[Remark], "statements that only read"]
    data: Annotated[list[Remark], "statements that write rows"]
    server: Annotated[str, "the server that read the sources"]
    boot_script: BootScript
    start_script: StartScript


class Added(TypedDict):
    step: Annotated[str, "the step's name: file, line, what it does"]
    kind: str
    table: Annotated[str | None, "null for what belongs to no table"]
    name: str
    sql: str
    file: str
    line: int


class Removed(TypedDict):
    file: Annotated[str | None, "the start script"]
    line: int
    text: str


class Waiting(TypedDict):
    file: str
    line: int
    message: Annotated[str, "what would be lost, or what it waits for"]


class Refused(TypedDict):
    file: str
    line: int
    message: str


class Server(TypedDict):
    flavor: Annotated[str, "`MySQL` or `MariaDB`"]
    version: str
    comment: str
    sql_mode: str
    character_set: str
    collation: str
    lower_case_table_names: int


class Run(TypedDict):
    way: Annotated[str, "what ran, in order"]
    executed: int
    skipped: Annotated[int, "steps that were done already"]
    tolerated: Annotated[int, "statements of the boot script that met what is there"]
    rejected: Annotated[list[str], "what the old way's second pass could not do (run E)"]
    again: Annotated[int, "steps that a second pass executed once more; must be 0"]
    hash: Annotated[str, "SHA-256 of the resulting schema"]
    equal: Annotated[bool, "whether that is what run A gave"]
    seconds: float


class Difference(TypedDict):
    run: str
    kind: str
    table: str
    name: str
    expected: Annotated[str | None, "null where it should not be there"]
    found: Annotated[str | None, "null where it is missing"]
    message: str


class Rows(TypedDict):
    tables: Annotated[int, "tables that rows were planted in"]
    kept: bool
    lost: list[str]
    refused: Annotated[dict[str, str], "tables that took no row, and why"]


class Mutations(TypedDict):
    tried: int
    caught: int
    kinds: Annotated[dict[str, int], "how many of each kind"]
    missed: list[str]


class Crashes(TypedDict):
    points: Annotated[int, "one for each statement that the new way executes"]
    recovered: int
    failed: list[str]


class Proof(TypedDict):
    proved: bool
    claim: Annotated[str, "what was proved, and on which server"]
    reasons: Annotated[list[str], "why nothing is proved; empty for a proof"]
    server: Annotated[Server | None, "null where nothing was executed"]
    runs: Annotated[dict[str, Run], "by letter: A, B, C, D, E"]
    differences: list[Difference]
    names: Annotated[list[Difference], "only another name; counts with --strict"]
    positions: Annotated[list[Difference], "only another order of columns; counts with --strict"]
    invalid: Annotated[list[Refused], "what the server rejects"]
    unaudited: Annotated[list[Refused], "SQL that cannot be known before it runs"]
    rows: Rows
    mutations: Mutations
    crashes: Crashes
    notes: list[str]
    statements: Annotated[dict[str, int], "statements of `base`, `old` and `boot`, and steps of `new`"]
    input_hash: Annotated[str, "SHA-256 of all that was executed"]
    seconds: float
    stages: Annotated[list[str], "the stages from which the new way was executed"]


class Consolidate(TypedDict):
    target: Annotated[str, "`sql` or `typescript`"]
    dry_run: bool
    added: Annotated[list[Added], "steps that were not there before"]
    files: Annotated[list[str], "the files that were written, or would be"]
    removed_steps: Annotated[list[Removed], "what was taken out of the start script"]
    proved: bool
    reasons: Annotated[list[str], "why nothing is proved, or why an old step stays"]
    open: Annotated[list[str], "what the audit still finds"]
    destructive: Annotated[list[Waiting], "steps that lose rows or values, and are not allowed to"]
    diff: Annotated[str | None, "unified diff for a dry run; null otherwise"]
    proof: Annotated[Proof | None, "null for a dry run, and where it could not be had"]


class StepState(TypedDict):
    name: str
    kind: Annotated[str, "`schema` or `data`"]
    state: Annotated[str, "`executed`, `needed` (dry run), `skipped`, `drifted` or `waits`"]
    why: Annotated[str, "why it is drifted or waits; empty otherwise"]


class Apply(TypedDict):
    executed: Annotated[int, "steps that were executed, or in a dry run would be"]
    skipped: int
    lock_waited_seconds: float
    dry_run: bool
    database: str
    steps: list[StepState]
    waiting: Annotated[list[Waiting], "steps that wait for permission"]


DOCUMENTS: dict[str, object] = {
    "migrate.audit": Audit,
    "migrate.consolidate": Consolidate,
    "migrate.apply": Apply,
    "migrate.prove": Proof,
}
