"""The laws of the queue's planner: the good lands, what fails is named with the smallest set, and cheaply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.bisection import smallest_failing
from afterpush.swarm.merge_queue.model import Candidate, Cause, Entry, LeftOut, Link, Queue, State
from afterpush.swarm.merge_queue.planner import Bisect, Check, Evict, Halt, Land, Planner, Release, Settle

Bad = Callable[[frozenset[str]], bool]


def compose(base: str, entries: tuple[Entry, ...]) -> Candidate:
    """Merging without git: a commit is the list of its branches, and so is its tree."""
    have, links, left_out = set(filter(None, base.split())), list[Link](), list[LeftOut]()
    for entry in entries:
        if entry.branch in have:
            left_out.append(LeftOut(entry.branch, Cause.CONTAINED, "there"))
            continue
        have.add(entry.branch)
        commit = " ".join(sorted(have))
        links.append(Link(entry.branch, entry.sha, commit, commit))
    return Candidate(base, base, tuple(links), tuple(left_out))


@dataclass
class Played:
    """A queue that is run to its end against a check that is a function; `rounds` is its time in checks."""

    is_bad: Bad
    places: int = 1
    queue: Queue = field(default_factory=Queue)
    main: str = ""
    rounds: int = 0
    mains: list[str] = field(default_factory=list)
    halted: bool = False
    bases: dict[str, frozenset[str]] = field(default_factory=dict)

    def run(self, names: Sequence[str], at_most: int = 10_000) -> "Played":
        self.queue = transitions.added(self.queue, [Entry(name, name) for name in names], retry=False)
        planner = Planner(compose, has_check=True, places=self.places)
        for _ in range(at_most):
            steps = planner.next_steps(self.queue, self.main)
            if not steps or self.halted:
                return self
            self.take(steps)
        raise AssertionError("it does not end")

    def take(self, steps: Sequence[object]) -> None:
        match steps[0]:
            case Land(candidate):
                self.main = candidate.commit
                self.mains.append(self.main)
                self.queue = transitions.landed(self.queue, candidate.links, "main", 0.0)
            case Bisect(batch):
                self.queue = transitions.bisecting(self.queue, batch)
            case Release(batch):
                self.queue = transitions.released(self.queue, batch)
            case Evict() as step:
                self.bases[step.branch] = frozenset(step.batch.base.split())
                self.queue = transitions.evicted(self.queue, step, " ".join(step.together))
            case Settle() as step:
                self.queue = transitions.settled(self.queue, step)
            case Halt():
                self.halted = True
            case _:
                self.rounds += 1
                for check in steps:
                    assert isinstance(check, Check)
                    self.queue = transitions.started(self.queue, check)
                    is_green = not self.is_bad(frozenset(check.candidate.tree.split()))
                    self.queue = transitions.checked(self.queue, check, is_green)

    def evicted(self) -> dict[str, str]:
        return {e.branch: e.reason for e in self.queue.entries if e.state is State.EVICTED}

    def landed(self) -> set[str]:
        return {e.branch for e in self.queue.entries if e.state.is_good}


def names(count: int) -> list[str]:
    return [f"b{number:02}" for number in range(count)]


def one_of(*bad: str) -> Bad:
    return lambda tree: bool(tree & set(bad))


@settings(max_examples=40)
@given(st.integers(1, 24), st.sets(st.integers(0, 23), max_size=4), st.integers(1, 3))
def test_what_fails_alone_is_evicted_and_all_else_lands(count: int, bad: set[int], places: int) -> None:
    wrong = {f"b{number:02}" for number in bad if number < count}
    played = Played(one_of(*wrong), places).run(names(count))
    assert played.evicted() == {name: name for name in wrong}
    assert played.landed() == set(names(count)) - wrong
    assert all(not one_of(*wrong)(frozenset(main.split())) for main in played.mains)


@settings(max_examples=40)
@given(st.integers(2, 16), st.data(), st.integers(1, 3))
def test_what_fails_only_together_is_named_together_and_one_of_it_goes(
    count: int, data: st.DataObject, places: int
) -> None:
    together = data.draw(st.sets(st.sampled_from(names(count)), min_size=2, max_size=3))
    played = Played(lambda tree: together <= tree, places).run(names(count))
    [(branch, reason)] = played.evicted().items()
    # What had landed before is part of main, and not named.
    assert branch in together and set(reason.split()) == together - played.bases[branch]
    assert played.landed() == set(names(count)) - {branch}


@settings(max_examples=40)
@given(st.lists(st.sets(st.sampled_from(names(12)), min_size=1, max_size=3), max_size=4), st.integers(1, 3))
def test_main_is_green_after_every_landing_whatever_fails_with_what(
    failing: list[set[str]], places: int
) -> None:
    def is_bad(tree: frozenset[str]) -> bool:
        return any(one <= tree for one in failing)

    played = Played(is_bad, places).run(names(12))
    assert not played.halted
    assert all(not is_bad(frozenset(main.split())) for main in played.mains)
    assert len(played.evicted()) + len(played.landed()) == 12
    for branch, reason in played.evicted().items():
        blamed, base = frozenset(reason.split()), played.bases[branch]
        assert is_bad(base | blamed)
        assert not any(is_bad(base | (blamed - {name})) for name in blamed)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 30), max_size=6), st.sets(st.integers(0, 15), max_size=3))
def test_a_crash_after_any_step_and_a_restart_lead_to_the_same_end(stops: list[int], bad: set[int]) -> None:
    """Only what a step has written down is left: the plan is made again from it."""
    wrong = [f"b{number:02}" for number in bad]
    whole, broken = Played(one_of(*wrong)).run(names(16)), Played(one_of(*wrong))
    for stop in stops:
        try:
            broken.run(names(16), at_most=stop)
        except AssertionError:
            broken.queue = replace(broken.queue, checking=())
    broken.run(names(16))
    assert (broken.evicted(), broken.landed()) == (whole.evicted(), whole.landed())
    assert broken.queue.check_runs <= whole.queue.check_runs + len(stops)


def test_two_bad_of_thirty_two_cost_about_twelve_checks_and_never_more_than_fourteen() -> None:
    """The log says nothing. Nine checks tell one pair of 496, and each of it has to be seen to fail alone."""
    for places in (1, 2):
        pairs = list(combinations(names(32), 2))[places::17]
        runs = [Played(one_of(*bad), places).run(names(32)).queue.check_runs for bad in pairs]
        assert sum(runs) / len(runs) <= 12.5 and max(runs) <= 14


def test_a_first_branch_that_fails_alone_costs_no_check_of_main() -> None:
    played = Played(one_of("b00")).run(names(2))
    assert (played.landed(), played.queue.check_runs) == ({"b01"}, 3)


def test_green_batches_grow_and_land_in_order() -> None:
    played = Played(one_of()).run(names(32))
    assert played.queue.check_runs <= 4
    assert [main.split()[-1] for main in played.mains] == sorted(main.split()[-1] for main in played.mains)
    assert Played(one_of()).run(names(100)).queue.check_runs <= 6


def test_a_check_that_is_red_and_then_green_on_one_tree_is_flaky_and_lands() -> None:
    moods = iter([True])
    played = Played(lambda tree: next(moods, False)).run(["one"])
    [entry] = played.queue.entries
    assert (entry.state, played.queue.flaky_checks, played.queue.check_runs) == (State.FLAKY, 1, 2)
    assert "red 1 of 2 times" in entry.reason


def test_a_flaky_red_of_a_whole_batch_evicts_nobody() -> None:
    moods = iter([True])
    played = Played(lambda tree: next(moods, False)).run(names(8))
    assert played.evicted() == {} and played.landed() == set(names(8))
    assert played.queue.flaky_checks == 1


def test_a_red_main_evicts_nobody_and_takes_the_branch_that_mends_it() -> None:
    played = Played(lambda tree: True).run(names(3))
    assert played.halted and not played.evicted() and not played.landed()
    mended = Played(lambda tree: "b01" not in tree).run(names(3))
    assert mended.landed() == set(names(3))


def test_lower_priorities_land_first_and_removed_ones_never() -> None:
    entries = [Entry("late", "1", priority=3), Entry("gone", "2"), Entry("first", "3", priority=0)]
    queue = transitions.removed(transitions.added(Queue(), entries), ["gone"])
    assert [entry.branch for entry in queue.waiting] == ["first", "late"]


def test_a_failed_branch_is_tried_again_when_asked_or_when_it_has_changed() -> None:
    failed = Played(one_of("b")).run(["a", "b"]).queue
    same = [Entry("a", "a"), Entry("b", "b")]
    assert transitions.added(failed, same, retry=False).waiting == ()
    assert [entry.branch for entry in transitions.added(failed, same).waiting] == ["b"]
    assert not any(result.reds for result in transitions.added(failed, same).results.values())
    changed = transitions.added(failed, [Entry("b", "b2")], retry=False)
    assert [entry.sha for entry in changed.waiting] == ["b2"]


def test_nothing_of_one_check_counts_for_another() -> None:
    queue = Played(one_of("b")).run(["a", "b"]).queue
    assert transitions.with_check(queue, queue.check) is queue
    assert transitions.with_check(queue, "another").results == {}


@given(st.integers(1, 20), st.data())
def test_the_smallest_failing_set_is_red_and_minimal(count: int, data: st.DataObject) -> None:
    members = tuple(range(count))
    culprits = data.draw(st.sets(st.sampled_from(members), min_size=1, max_size=4))
    found = smallest_failing(members, members, lambda part: culprits <= set(part), lambda: True)
    assert set(found) == culprits and list(found) == sorted(found)
