# ruff: noqa: E501 (SQL in lines of its own)
"""The module of steps, run by node on a real database: rows are written once, or the app does not start."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from afterpush.infra.database import Address
from afterpush.migrate.replay.schema import Key, State
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.module import steps_module
from afterpush.migrate.steps.plan import Situation
from afterpush.migrate.steps.stage import Journal
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Change, Step, facts_of
from tests.migrate.boot_script.test_run import database_module
from tests.migrate.histories import database, rows, run, steps
from tests.support.database_servers import Server
from tests.support.node import run_node

FILES = (
    "CREATE TABLE roles (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9)); INSERT INTO roles (name) VALUES ('a');",
    "INSERT INTO roles (name) VALUES ('b');",
    "ALTER TABLE roles ADD COLUMN note INT NULL;",
)
OPEN = "import mysql from 'mysql2/promise'; const db = await mysql.createConnection(OPTIONS);"
START = """
const { migrate } = await import(process.cwd() + "/steps.mjs");
const run = async (text) => {
  const answer = await db.query(text);
  if (DIES && text.startsWith("CREATE TABLE roles")) process.exit(9);
  return answer;
};
try { await migrate(run); } catch (error) { console.log(error.message); process.exit(1); }
process.exit(0);
"""


def start(folder: Path, address: Address, *, dies: bool = False) -> tuple[int, str]:
    script = database_module(OPEN, address) + START.replace("DIES", str(dies).lower())
    done = run_node(script, folder)
    return done.returncode, done.stdout


def write_module(server: Server, folder: Path) -> None:
    planned = steps(server, *FILES, with_data=True)
    text = steps_module(planned, is_typed=False, is_esm=True, may_lose=False)
    (folder / "steps.mjs").write_text(text.replace("tries === 10", "true"))


def test_a_file_that_holds_only_rows_runs_once_or_the_app_does_not_start(
    server: Server, tmp_path: Path
) -> None:
    write_module(server, tmp_path)
    for stage in (0, 3):
        with database(server, *FILES[:stage]) as live:
            assert [start(tmp_path, live), start(tmp_path, live)] == [(0, ""), (0, "")]
            assert rows(live, "SELECT name, note FROM roles ORDER BY id") == [("a", None), ("b", None)]
    with database(server, *FILES[:2]) as live:
        code, said = start(tmp_path, live)
        assert code == 1 and "002.sql:1: nothing shows whether this file ran here" in said
        assert rows(live, "SELECT * FROM roles ORDER BY id") == [(1, "a"), (2, "b")]


def test_an_app_that_ends_behind_its_first_statement_writes_the_rows_of_that_file_later(
    server: Server, tmp_path: Path
) -> None:
    write_module(server, tmp_path)
    with database(server) as live:
        assert start(tmp_path, live, dies=True)[0] == 9
        assert start(tmp_path, live) == (0, "")
        assert rows(live, "SELECT name FROM roles ORDER BY id") == [("a",), ("b",)]


def test_what_was_dropped_and_made_again_is_not_dropped_at_the_next_start(
    server: Server, tmp_path: Path
) -> None:
    planned = steps(
        server,
        "CREATE TABLE t (id INT PRIMARY KEY);",
        "DROP TABLE t;",
        "CREATE TABLE t (id INT PRIMARY KEY);",
    )
    text = steps_module(planned, is_typed=False, is_esm=True, may_lose=True)
    (tmp_path / "steps.mjs").write_text(text)
    with database(server) as live:
        assert start(tmp_path, live) == (0, "")
        run(live, "INSERT INTO t VALUES (1);")
        assert start(tmp_path, live) == (0, "")
        assert rows(live, "SELECT id FROM t") == [(1,)]


PARTS: list[tuple[Key, list[str]]] = [
    (("table", "t", "table"), ["InnoDB"]),
    (("table", "t", "column a"), ["int", "bigint"]),
    (("table", "t", "order"), ["a", "a, b", "b, a"]),
    (("table", "t", "index i"), ["BTREE `a`"]),
    (("table", "t", "index j"), ["BTREE `a`", "BTREE `b`"]),
    (("table", "t", "counter"), ["7", "9"]),
    (("table", "u", "table"), ["InnoDB"]),
    (("view", "v", "view"), ["select 1", "select 2"]),
    (("procedure", "p", "procedure"), ["body"]),
    (("event", "e", "starts"), ["2031-01-01 00:00:00"]),
]
STATEMENTS = (
    "ALTER TABLE t ADD x INT",
    "CALL p()",
    "UPDATE `u` SET n = 't'",
    "INSERT INTO t VALUES (1) -- u",
    "SELECT 1",
)


def history(chance: random.Random) -> tuple[list[Step], list[State]]:
    """Some steps, and the states between them."""
    state: State = {}
    steps, states = [], [dict(state)]
    for number in range(chance.randint(1, 9)):
        kind = chance.choice([SCHEMA, SCHEMA, SCHEMA, DATA, SETTING])
        before: State = {}
        after: State = {}
        for key, texts in chance.sample(PARTS, chance.randint(1, 3)) if kind == SCHEMA else ():
            text = chance.choice([*texts, ""])
            if state.get(key, "") != text:
                before |= {key: state[key]} if key in state else {}
                after |= {key: text} if text else {}
        state = {key: text for key, text in state.items() if key not in before} | after
        changes = {"mysql": Change(before, after)} if kind == SCHEMA else {}
        loses = chance.choice(["", "", "it goes"]) if kind != SETTING else ""
        steps.append(
            Step(
                str(number), kind, f"{number // 2}.sql", number, chance.choice(STATEMENTS), f"{number:016}",
                changes, loses, kind == DATA and chance.random() < 0.2,
            )
        )  # fmt: skip
        states.append(dict(state))
    return steps, states


def situations(chance: random.Random, steps: list[Step], states: list[State]) -> Iterator[Situation]:
    """Databases at, or near, some stage of the history."""
    for _ in range(4):
        stage = chance.randrange(len(states))
        live = dict(states[stage])
        for key, texts in chance.sample(PARTS, chance.choice([0, 0, 0, 1, 2])):
            live.pop(key, None)
            other = [*texts, "other" if key[2] != "counter" else "1"]
            live |= {key: chance.choice(other)} if chance.random() < 0.6 else {}
        if chance.random() < 0.2 and (text := live.pop(("table", "t", "index i"), "")):
            live["table", "t", "index mine"] = text
        noted = [step.checksum for step in steps[:stage] if chance.random() < 0.9]
        begun = [one for one in noted if chance.random() < 0.05]
        noted = noted if chance.random() < 0.6 else []
        yield Situation(
            "mysql",
            live,
            Journal(frozenset(noted) - frozenset(begun), frozenset(begun) & frozenset(noted), bool(noted)),
            frozenset(name for name in "tu" if ("table", name, "table") in live and chance.random() < 0.6),
            chance.random() < 0.3,
        )


DECIDE = """
import { readFileSync } from "node:fs";
for (const line of readFileSync("cases.jsonl", "utf8").trim().split("\\n")) {
  const one = JSON.parse(line);
  [steps, mayLose] = [one.steps, one.mayLose];
  const [decisions, names] = decide({ flavour: "mysql", live: new Map(one.live), noted: new Map(one.noted), filled: new Set(one.filled) });
  console.log(JSON.stringify([decisions.map((each) => each[0]), [...names], decisions.map((each) => each[1] || "")]));
}
"""


def test_the_module_decides_as_apply_does(tmp_path: Path) -> None:
    chance = random.Random(20)
    cases, whys = [], []
    expected: list[tuple[list[str], list[list[str]]]] = []
    for _ in range(400):
        planned, states = history(chance)
        for now in situations(chance, planned, states):
            plan = decide(planned, now)
            expected.append(
                (
                    [one.verdict.value for one in plan.decisions],
                    [["\t".join(key), name] for key, name in plan.names.items()],
                )
            )
            whys.append([one.why for one in plan.decisions])
            noted = [[one, "done"] for one in now.journal.done] + [
                [one, "started"] for one in now.journal.begun
            ]
            cases.append({
                "steps": [{**facts_of(step), "sql": step.sql} for step in planned], "mayLose": now.may_lose,
                "live": [["\t".join(key), text] for key, text in now.live.items()], "noted": noted, "filled": sorted(now.filled),
            })  # fmt: skip
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    text = steps_module([], is_typed=False, is_esm=True, may_lose=False).replace(
        "export { migrate };", DECIDE
    )
    done = run_node(
        text.replace("const steps =", "let steps =").replace("const mayLose", "let mayLose"), tmp_path
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert {verdict for verdicts, _ in expected for verdict in verdicts} == {
        "needed",
        "done",
        "drifted",
        "waits",
    }
    for case, answer, wanted, why in zip(cases, answers, expected, whys, strict=True):
        assert answer[:2] == list(wanted), (case, why)
        for said, own in zip(answer[2], why, strict=True):
            assert said == own or not own.startswith(("column", "table", "view")), (said, own)
