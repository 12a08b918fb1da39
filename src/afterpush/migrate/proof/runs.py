"""The runs of a proof."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from afterpush.infra.database import Connection
from afterpush.migrate.proof.compare import compare
from afterpush.migrate.proof.making import Making, Stopped
from afterpush.migrate.proof.mutations import control
from afterpush.migrate.proof.report import Crashes, Run
from afterpush.migrate.proof.seeds import plant, sums
from afterpush.migrate.proof.stages import Stage, executed_stages, rows_of, stages_of
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scope import QUERIES, ROWS
from afterpush.migrate.replay.scratch import without_schema
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.execute import Drifted, bring_up
from afterpush.migrate.steps.plan import Situation, Verdict
from afterpush.migrate.steps.stage import Journal
from afterpush.migrate.steps.step import SETTING


@dataclass
class Proving(Making):
    """One proof under way in a scratch room."""

    def run(self) -> list[str]:
        """All of it, as far as it goes; whatever goes wrong is in the proof. Returns the kinds of negative
        controls that should have been made, and could not be."""
        self._lacking: list[str] = []
        try:
            stages = list(stages_of(self.ways, self.flavour))
            for stage in stages:
                if stage.wrong:
                    said = f"after {stage.file}, {stage.wrong} is decided otherwise than it should be"
                    self.proof.fail("stages", said)
            reference = self._runs_a_and_c()
            settled = self._run_b(reference)
            self._run_d(reference)
            if not self.ways.once:
                self._run_e(reference)
            self._run_stages(stages)
            if self.ways.earlier:
                self._run_from_earlier(reference)
            self._crash_everywhere(settled)
        except Stopped:
            pass
        return self._lacking

    # The runs

    def _runs_a_and_c(self) -> State:
        """Without a boot script, what run A leaves is what run C begins with."""
        with self._schema("a") as schema:
            with self._run("A", "old, boot", schema=schema) as (_, tally):
                self._statements("A", schema, self.ways.base, Run())
                self.proof.invalid += self._statements("A", schema, self.ways.old, tally)
                if self.proof.invalid:
                    raise Stopped
                self._statements("A", schema, self.ways.boot_changes, tally, tolerant=True)
            reference = self._final
            if not self.ways.boot_changes:
                self._run_c(reference, schema)
        if self.ways.boot_changes:
            with self._schema("c") as schema:
                self._statements("C", schema, [*self.ways.base, *self.ways.old], Run())
                self._run_c(reference, schema)
        return reference

    def _run_b(self, reference: State) -> State:
        with self._schema("b") as schema:
            with self._run("B", "new", reference, schema) as (_, tally):
                self._statements("B", schema, self.ways.base, Run())
                self._new("B", schema, tally)
            settled = self._final
            if self.proof.runs["B"].equal:
                self._negative_controls(schema)
            else:
                self.proof.note("no negative controls: the comparison is red already")
        return settled

    def _negative_controls(self, schema: str) -> None:
        """In the schema that run B has made, and that nobody needs after it."""
        self.progress("negative controls")
        with self.room.looker(schema) as looker:
            made = control(looker, lambda: self._look(looker, schema), self._is_done)
        self.proof.mutations, self._lacking = made

    def _is_done(self, state: State) -> bool:
        done = frozenset(step.checksum for step in self.ways.steps)
        known = {key for step in self.ways.steps for key in step.change(self.flavour).keys}
        plan = decide(self.ways.steps, Situation(self.flavour, state, Journal(done, frozenset(), True)))
        others = {key for key in self._final if key not in known}
        is_same = {key: state.get(key) for key in others} == {key: self._final.get(key) for key in others}
        return is_same and all(one.verdict is Verdict.DONE for one in plan.decisions)

    def _run_c(self, reference: State, schema: str) -> None:
        with (
            self._run("C", "old, rows, new", reference, schema) as (_, tally),
            self._rows_kept("C", schema),
        ):
            self._new("C", schema, tally)
        if executed := self.proof.runs["C"].executed:
            said = f"{executed} steps were executed though the old way had done all of them"
            self.proof.fail("C", said)

    def _run_d(self, reference: State) -> None:
        with self._run("D", "new, rows, new", reference) as (schema, tally):
            second = Run()
            self._statements("D", schema, self.ways.base, Run())
            self._new("D", schema, tally)
            with self._rows_kept("D", schema):
                self._new("D", schema, second)
            tally.again = second.executed
            if second.executed:
                self.proof.fail("D", f"{second.executed} steps were executed again by the second pass")

    def _run_e(self, reference: State) -> None:
        again = [one for one in self.ways.old if one.kind.split(" ")[0] not in ROWS | QUERIES]
        with self._run("E", "old, new, rows, old", reference) as (schema, tally):
            self._statements("E", schema, self.ways.base, Run())
            self._statements("E", schema, again, Run())
            self._new("E", schema, tally)
            with self._rows_kept("E", schema):
                rejected = self._statements("E", schema, again, Run(), tolerant=True)
            tally.rejected += [f"{one.file}:{one.line}: {one.message}" for one in rejected]
        if not self.proof.runs["E"].equal:
            self.proof.note(
                "run E: where migrations run once only (a tool keeps note), say so: migrate.once: true"
            )

    def _run_stages(self, stages: Sequence[Stage]) -> None:
        executed = executed_stages(stages, len(self.ways.old))
        for stage in stages[:-1]:
            if stage.file in executed:
                self._run_stage(stage.file)
            else:
                self.proof.stages.append(f"{stage.file} (what the old way would run from there)")

    def _run_stage(self, file: str) -> None:
        """From a stage in between, with rows: the new way against the rest of the old one."""
        run = f"stage {file}"
        self.progress(run)
        files = self.ways.files[: self.ways.files.index(file) + 1]
        before = [one for one in self.ways.old if one.file in files]
        after = [one for one in self.ways.old if one.file not in files]
        if not self.ways.with_data:
            after = [one for one in after if one.kind.split(" ")[0] not in ROWS]
        with self._schema("s") as old, self._schema("n") as new:
            for schema in (old, new):
                self._statements(run, schema, [*self.ways.base, *before], Run())
                with self.room.runner(schema) as connection:
                    planted = plant(connection, schema)
            rest = self._statements(run, old, after, Run())
            if rest:
                said = f"{run}: without rows, for the old way itself fails with them: {rest[0].message}"
                self.proof.note(said)
                return
            self._statements(run, old, self.ways.boot_changes, Run(), tolerant=True)
            if self.ways.with_data:  # Else nothing tells rows of a later file from those of this one.
                list(self._brought_up(new, [step for step in self.ways.steps if step.file in files]))
            self._new(run, new, Run())
            self._compare(run, self._taken(old), self._taken(new))
            self._compare_rows(run, old, new)
            self.proof.stages.append(f"{file} ({len(planted.tables)} tables with rows)")

    def _run_from_earlier(self, reference: State) -> None:
        """From what the version of the steps that was committed before brings up."""
        run = "stage earlier version"
        with self._schema("n") as schema:
            self._statements(run, schema, self.ways.base, Run())
            list(self._brought_up(schema, self.ways.earlier))
            self._new(run, schema, Run())
            self._compare(run, reference, self._taken(schema))
        self.proof.stages.append("the version committed before")

    def _compare_rows(self, run: str, old: str, new: str) -> None:
        with self.room.runner(old) as first, self.room.runner(new) as second:
            watched = rows_of(first, old, self.ways)
            mine, theirs = sums(first, watched), sums(second, watched)
        self.proof.rows.lose(
            [
                f"{run}: {table} has other rows than after the old way"
                for table in watched
                if mine.get(table) != theirs.get(table)
            ]
        )

    def _crash_everywhere(self, settled: State) -> None:
        """One database, killed after each statement and taken up again, until it is as after an undisturbed
        run.
        """
        failed: list[str] = []
        points = self.proof.runs["B"].executed - self._boot_executed
        with self._schema("k") as schema:
            self._statements("crash", schema, self.ways.base, Run())
            done = 0
            while done <= points + 1 and self._until_killed(schema):
                done += 1
                self.progress(f"crash {done} of {points}")
            if done != points:
                failed.append(f"{done} statements were executed in all, not {points}")
            self._statements("crash", schema, self.ways.boot_changes, Run(), tolerant=True)
            failed += [
                one.message
                for one in compare("crash", settled, self._taken(schema), copies_count=True).definitions[:3]
            ]
        self.proof.crashes = Crashes(
            points, points if not failed else max(0, min(done, points) - len(failed)), tuple(failed)
        )

    def _until_killed(self, schema: str) -> bool:
        """Executes one step and kills the connection that did; whether any was needed still."""
        held: list[Connection] = []

        @contextmanager
        def opening() -> Iterator[Connection]:
            with self.room.runner(schema) as connection:
                held[:] = [connection]
                yield connection

        with self.room.looker(schema) as looker:
            try:
                steps = bring_up(looker, opening, schema, self.flavour, self.ways.steps, may_lose=True)
                for step in steps:
                    if step.kind != SETTING:
                        self.room.keeper.execute(f"KILL {held[0].thread_id()}")
                        return True
            except Drifted as error:
                self.proof.fail("crash", without_schema(str(error)))
                raise Stopped from error
        return False
