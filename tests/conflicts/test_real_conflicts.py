"""The real conflicts: clean where they can be, refused by name where they must be."""

import re

from afterpush.conflicts.merge import has_markers
from afterpush.roadmap.ids import task_ids
from tests.support.conflicts import Conflict, real_conflicts

CLEAN = {"roadmap-1", "roadmap-2", "roadmap-3", "sessions-1", "sessions-2", "sessions-3", "sessions-4"}


def by_name(name: str) -> Conflict:
    return next(conflict for conflict in real_conflicts() if conflict.name == name)


def test_each_is_clean_or_refused_as_it_should_be() -> None:
    for conflict in real_conflicts():
        merged = conflict.merged()
        assert merged.is_clean is (conflict.name in CLEAN), (conflict.name, merged.reasons)
        assert has_markers(merged.text) is not merged.is_clean
        assert bool(merged.reasons) is not merged.is_clean


def test_clean_ones_do_not_depend_on_who_is_ours() -> None:
    for conflict in real_conflicts():
        if conflict.name in CLEAN:
            assert conflict.merged().text == conflict.merged(is_swapped=True).text


def test_no_id_is_lost_doubled_or_revived() -> None:
    for conflict in real_conflicts():
        if conflict.name in CLEAN and conflict.base is not None:
            base, ours, theirs, merged = (
                task_ids(re.sub(r"\*\*Last Updated:.*", "", data.decode()))
                for data in (conflict.base, conflict.ours, conflict.theirs, conflict.merged().text)
            )
            for known in {*base, *ours, *theirs}:
                counts = [ids.count(known) for ids in (base, ours, theirs, merged)]
                assert counts[3] == counts[1] + counts[2] - counts[0], (conflict.name, known, counts)


def test_totals_and_shares_are_made_anew() -> None:
    text = by_name("roadmap-1").merged().text.decode()
    assert re.search(r"\| \*\*TOTAL\*\* \| \*\*185\*\* +\| \*\*38\*\* +\| \*\*225\*\* +\| ~82% +\|", text)
    text = by_name("roadmap-3").merged().text.decode()
    assert re.search(
        r"\| \*\*TOTAL\*\* +\| \*\*186\*\* +\| \*\*11\*\* +\| \*\*2\*\* +\| \*\*199\*\* +\|", text
    )
    assert "> **MVP STATUS: 94% RESOLVED** (186 completed + 2 removed, 11 tasks open)" in text


def test_one_id_for_two_tasks_is_refused_by_name_with_both_between_markers() -> None:
    merged = by_name("roadmap-4").merged()
    assert any(reason.startswith("SEED-001: ") for reason in merged.reasons)
    inside, is_inside = [], False
    for line in merged.text.decode().splitlines():
        if line.startswith(("<<<<<<<", ">>>>>>>")):
            is_inside = line.startswith("<")
        elif is_inside:
            inside.append(line)
    kept = "\n".join(inside)
    for title in (
        "Add missing schema re-exports",
        "Add Missing Schema Re-exports",
        "Add input validation to setSeed()",
        "#### SEED-001: Add Input Validation to setSeed()",
    ):
        assert title in kept
    assert "SEED-002" not in kept


def test_a_file_that_both_added_keeps_only_the_disagreement_between_markers() -> None:
    text = by_name("session-file-1").merged().text.decode()
    assert "<<<<<<< ours\n**Started**: 2025-12-12\n=======\n**Started**: $(date)\n>>>>>>> theirs\n" in text
    assert text.count("## Progress") == 1
