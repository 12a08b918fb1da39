"""Comparing two snapshots: laws that hold for any of them."""

from hypothesis import given
from hypothesis import strategies as st

from afterpush.migrate.differences import compare
from afterpush.migrate.snapshot import Snapshot, Thing
from afterpush.migrate.spelling import created_line

names = st.sampled_from(["a", "b", "c"])
things = st.builds(
    lambda kind, table, name, definition: Thing(
        kind, table, name, definition, named=kind not in ("index", "check", "foreign key")
    ),
    st.sampled_from(["table", "column", "index", "check", "foreign key", "view"]),
    names,
    names,
    st.sampled_from(["one", "two"]),
)
snapshots = st.builds(
    lambda found: Snapshot(tuple(found), {}),
    st.lists(things, max_size=6, unique_by=lambda thing: (thing.kind, thing.table, thing.name)),
)


@given(snapshots)
def test_a_snapshot_does_not_differ_from_itself(snapshot: Snapshot) -> None:
    comparison = compare("B", snapshot, snapshot)
    assert not (comparison.definitions or comparison.names or comparison.positions)


@given(snapshots, snapshots)
def test_differences_are_seen_from_both_sides(one: Snapshot, other: Snapshot) -> None:
    there, back = compare("B", one, other), compare("B", other, one)
    assert bool(there.definitions) == bool(back.definitions)
    assert {(each.expected, each.found) for each in there.definitions} == {
        (each.found, each.expected) for each in back.definitions
    }


@given(snapshots, snapshots)
def test_equal_hashes_mean_that_no_definition_differs(one: Snapshot, other: Snapshot) -> None:
    if one.hash == other.hash:
        assert not compare("B", one, other).definitions


@given(snapshots, things.filter(lambda thing: thing.kind not in ("table", "view")))
def test_a_thing_that_only_one_side_has_is_a_difference(snapshot: Snapshot, extra: Thing) -> None:
    without = Snapshot(tuple(one for one in snapshot.things if one.table != extra.table), {})
    more = Snapshot((*without.things, extra), {})
    assert [one.found for one in compare("B", without, more).definitions] == [extra.definition]
    assert [one.expected for one in compare("B", more, without).definitions] == [extra.definition]


def test_a_missing_table_is_one_difference_and_not_one_for_each_column() -> None:
    table = Thing("table", "t", "", "InnoDB")
    columns = tuple(Thing("column", "t", name, "int") for name in "abc")
    found = compare("B", Snapshot((table, *columns), {}), Snapshot((), {})).definitions
    assert [one.message for one in found] == ["run B: table t is missing"]
    view = (Thing("view", "v", "", "SELECT"), Thing("column", "v", "a", "int"))
    found = compare("B", Snapshot(view, {}), Snapshot((), {})).definitions
    assert [one.message for one in found] == ["run B: view v is missing"]


def test_a_line_of_a_table_is_compared_without_its_name_and_its_next_number() -> None:
    lines = {
        "  KEY `i` (`a`),": "KEY (`a`)",
        "  UNIQUE KEY `i``x` (`a`)": "UNIQUE KEY (`a`)",
        "  CONSTRAINT `fk` FOREIGN KEY (`a`) REFERENCES `p` (`b`),": "FOREIGN KEY (`a`) REFERENCES `p` (`b`)",
        ") ENGINE=InnoDB AUTO_INCREMENT=42 COMMENT='x'": ") ENGINE=InnoDB COMMENT='x'",
        "  `KEY` int(11) DEFAULT NULL,": "`KEY` int(11) DEFAULT NULL",
    }
    assert {line: created_line(line) for line in lines} == lines
