"""Each rule of merging by meaning, in the smallest document that shows it."""

import pytest

from tests.support.conflicts import SESSIONS, clean, merge

ROADMAP = """# Roadmap

**Version:** 6.3
**Last Updated:** 2026-01-10 (first)

## Open

| Task | Description | Priority | Status | Estimate |
| ---- | ----------- | -------- | ------ | -------- |
| QA-001 | One | HIGH | ready | 4h |
| QA-002 | Two | LOW | in-progress | 2h |
| QA-003 | Three | LOW | ✅ COMPLETE (2026-01-10) | 2h |

### QA-001: One

**Status:** ready
**Priority:** HIGH | **Effort:** 4h
**Dependencies:** QA-002

- [ ] first
- [ ] second

Some prose about it.
More prose.

## Log

- 2026-01-01: started
"""


def changed(*pairs: tuple[str, str], text: str = ROADMAP) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_neighbouring_rows_do_not_collide() -> None:
    text = clean(ROADMAP, changed(("One | HIGH", "One | P0")), changed(("Two | LOW", "Two | P2")))
    assert "| QA-001 | One | P0 | ready | 4h |\n| QA-002 | Two | P2 |" in text


def test_cells_of_one_row_are_merged_apart() -> None:
    text = clean(ROADMAP, changed(("| ready | 4h", "| in-progress | 4h")), changed(("| 4h |", "| 6h |")))
    assert "| QA-001 | One | HIGH | in-progress | 6h |" in text


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("in-progress", "✅ COMPLETE (2026-01-20)", "✅ COMPLETE (2026-01-20)"),
        ("in-progress", "review", "review"),
        ("✅ COMPLETE (2026-01-20)", "✅ COMPLETE (2026-01-21)", "✅ COMPLETE (2026-01-21)"),
        ("complete", "✅ FIXED (by Ada)", "✅ FIXED (by Ada)"),
    ],
)
def test_statuses_take_the_further_one(ours: str, theirs: str, merged: str) -> None:
    def with_status(status: str) -> str:
        return changed(("| HIGH | ready", f"| HIGH | {status}"))

    assert f"| QA-001 | One | HIGH | {merged} | 4h |" in clean(
        ROADMAP, with_status(ours), with_status(theirs)
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("🔴 BLOCKED - db", "in-progress"),
        ("✅ COMPLETE", "cancelled"),
        ("🔴 BLOCKED - db", "🔴 BLOCKED - review"),
        ("✅ FIXED (by Ada)", "✅ FIXED (by Bob)"),
    ],
)
def test_statuses_that_contradict_each_other_stay_between_markers(ours: str, theirs: str) -> None:
    one, other = (changed(("| HIGH | ready", f"| HIGH | {status}")) for status in (ours, theirs))
    merged = merge(ROADMAP, one, other)
    assert not merged.is_clean
    assert any("QA-001" in reason and "status" in reason for reason in merged.reasons)
    assert merged.text.decode().count("<<<<<<<") == 1


@pytest.mark.parametrize("other", ["✅ COMPLETE (2026-01-10)", "✅ COMPLETE (2026-01-15)"])
def test_a_reopened_task_stays_open(other: str) -> None:
    before = "✅ COMPLETE (2026-01-10)"
    text = clean(ROADMAP, changed((before, "ready")), changed((before, other), ("Two | LOW", "Two | P1")))
    assert "| QA-003 | Three | LOW | ready | 2h |" in text


def test_one_cell_with_two_values_is_the_only_conflict() -> None:
    merged = merge(
        ROADMAP,
        changed(("Two | LOW", "Two | P0")),
        changed(("Two | LOW", "Two | P1"), ("2h |\n| QA-003", "9h |\n| QA-003")),
    )
    assert (
        "<<<<<<< ours (Open: QA-002, priority: 'P0' against 'P1')\n| QA-002 | Two | P0 | in-progress | 9h |\n"
        "=======\n"
        "| QA-002 | Two | P1 | in-progress | 9h |\n>>>>>>> theirs\n" in merged.text.decode()
    )
    assert merged.reasons == ("Open: QA-002, priority: 'P0' against 'P1'",)


def test_a_deleted_row_that_nobody_touched_is_gone_and_an_edited_one_asks() -> None:
    gone = changed(("| QA-002 | Two | LOW | in-progress | 2h |\n", ""))
    assert "QA-002 |" not in clean(ROADMAP, gone, changed(("One | HIGH", "One | P0")))
    merged = merge(ROADMAP, gone, changed(("Two | LOW", "Two | P0")))
    assert merged.reasons == ("Open: QA-002: ours deleted it, theirs changed it",)


def test_a_formatter_is_no_edit() -> None:
    aligned = changed(
        (
            "| QA-002 | Two | LOW | in-progress | 2h |",
            "| QA-002 | Two         | LOW      | in-progress | 2h       |",
        )
    )
    gone = changed(("| QA-002 | Two | LOW | in-progress | 2h |\n", ""))
    assert "QA-002 |" not in clean(ROADMAP, gone, aligned)


def test_an_aligned_table_stays_aligned() -> None:
    base = "| Task   | Status |\n| ------ | ------ |\n| QA-001 | ready  |\n"
    ours = (
        "| Task   | Status      |\n| ------ | ----------- |\n"
        "| QA-001 | ready       |\n| QA-002 | ✅ COMPLETE |\n"
    )
    theirs = (
        "| Task        | Status |\n| ----------- | ------ |\n"
        "| QA-001      | review |\n| QA-003-LONG | ready  |\n"
    )
    assert clean(base, ours, theirs) == (
        "| Task        | Status      |\n| ----------- | ----------- |\n| QA-001      | review      |\n"
        "| QA-002      | ✅ COMPLETE |\n| QA-003-LONG | ready       |\n"
    )


def test_a_new_column_and_a_new_row_meet() -> None:
    base = "# R\n\n| Task | Status |\n|---|---|\n| QA-001 | ready |\n"
    ours = "# R\n\n| Task | Owner | Status |\n|---|---|---|\n| QA-001 | Ada | ready |\n"
    theirs = "# R\n\n| Task | Status |\n|---|---|\n| QA-001 | done |\n| QA-002 | ready |\n"
    assert clean(base, ours, theirs).endswith("| QA-001 | Ada | done |\n| QA-002 |  | ready |\n")


def test_bullets_that_agents_append_are_a_set() -> None:
    text = clean(ROADMAP, ROADMAP + "- 2026-01-03: c\n", ROADMAP + "- 2026-01-02: b\n- 2026-01-04: d\n")
    assert text.endswith("- 2026-01-01: started\n- 2026-01-02: b\n- 2026-01-03: c\n- 2026-01-04: d\n")


def test_a_bullet_that_both_rewrote_asks() -> None:
    for ours, theirs in (("stopped", "paused"), ("halted by Ada for a while", "x")):
        merged = merge(ROADMAP, changed(("started", ours)), changed(("started", theirs)))
        assert not merged.is_clean, (ours, theirs)


def test_first_bullets_of_both_sides_are_both_kept() -> None:
    text = clean(
        "# R\n\n## Log\n\n- (none)\n\n## End\n",
        "# R\n\n## Log\n\n- b\n\n## End\n",
        "# R\n\n## Log\n\n- a\n\n## End\n",
    )
    assert "## Log\n\n- a\n- b\n\n## End" in text


def test_numbered_lists_are_counted_anew() -> None:
    assert clean("1. a\n2. b\n", "1. a\n2. b\n3. c\n", "1. a\n2. b\n3. d\n") == "1. a\n2. b\n3. c\n4. d\n"


def test_checkboxes_take_the_further_state_and_a_cleared_one_stays_cleared() -> None:
    text = clean(
        ROADMAP,
        changed(("[ ] first", "[x] first")),
        changed(("[ ] first", "[~] first"), ("[ ] second", "[x] second")),
    )
    assert "- [x] first\n- [x] second\n" in text
    done = changed(("[ ] first", "[x] first"))
    assert "- [ ] first\n" in clean(done, ROADMAP, done + "- more\n")


def test_checkbox_tasks_with_notes_below_and_beside() -> None:
    text = clean(
        "- [ ] **CL-001: T** 🔴\n  - Task ID: CL-001\n  - **Status:** ready\n",
        "- [~] **CL-001: T** (Session: abc) 🔴\n  - Task ID: CL-001\n  - **Status:** ready\n",
        "- [x] **CL-001: T** (Completed: 2025-11-12) 🔴\n  - Task ID: CL-001\n  - **Status:** complete\n",
    )
    assert text == (
        "- [x] **CL-001: T** (Completed: 2025-11-12) (Session: abc) 🔴\n"
        "  - Task ID: CL-001\n  - **Status:** complete\n"
    )


def test_keys_in_one_line_are_merged_apart() -> None:
    text = clean(
        ROADMAP,
        changed(("**Priority:** HIGH", "**Priority:** P0")),
        changed(("**Effort:** 4h", "**Effort:** 6h")),
    )
    assert "**Priority:** P0 | **Effort:** 6h\n" in text


def test_new_keys_of_both_sides_are_both_kept_once() -> None:
    ours = changed(("**Priority:** HIGH", "**Completed:** 2026-01-20\n**Priority:** HIGH"))
    theirs = changed(("**Priority:** HIGH", "**Completed:** 2026-01-20\n**Owner:** Ada\n**Priority:** HIGH"))
    text = clean(ROADMAP, ours, theirs)
    assert text.count("**Completed:**") == 1 and text.count("**Owner:** Ada") == 1


def test_lists_in_a_value_are_sets_with_deletion_respected() -> None:
    def depending(*tasks: str) -> str:
        return changed(("** QA-002\n", f"** {', '.join(tasks)}\n"))

    base = depending("QA-002", "QA-003")
    text = clean(base, depending("QA-002", "QA-003", "QA-009"), depending("QA-003", "QA-008"))
    assert "**Dependencies:** QA-003, QA-008, QA-009\n" in text
    assert not merge(depending("QA-002"), depending("QA-003"), depending("QA-008")).is_clean


def test_versions_and_dates_of_the_header() -> None:
    def headed(version: str, updated: str) -> str:
        return changed(("6.3", version), ("2026-01-10 (first)", updated))

    text = clean(ROADMAP, headed("6.4", "2026-01-20 (a)"), headed("6.5", "2026-01-19 (b)"))
    assert "**Version:** 6.6\n**Last Updated:** 2026-01-20 (a)\n" in text
    assert "**Version:** 6.4\n" in clean(ROADMAP, headed("6.4", "2026-01-20"), headed("6.4", "2026-01-21"))
    assert "**Version:** 6.10\n" in clean(ROADMAP, headed("6.9", "2026-01-20"), headed("6.8", "2026-01-21"))
    assert "2026-01-20 (b)" in clean(
        ROADMAP, headed("6.4", "2026-01-20 (a)"), headed("6.4", "2026-01-20 (b)")
    )


def test_one_sentence_with_two_values_stays_between_markers() -> None:
    merged = merge(ROADMAP, changed(("Some prose", "Any prose")), changed(("Some prose", "No prose")))
    text = merged.text.decode()
    assert ")\nAny prose about it.\n=======\nNo prose about it.\n>>>>>>> theirs\nMore prose." in text
    assert not merge(
        "# R\n\nWait 30 seconds.\n", "# R\n\nWait 60 seconds.\n", "# R\n\nWait 90 seconds.\n"
    ).is_clean


def test_sections_that_both_appended_are_both_kept_whole() -> None:
    new = "\n---\n\n## {0} group\n\n### {0}-001: T\n\n**Status:** ready\n"
    text = clean(ROADMAP, ROADMAP + new.format("ZZ"), ROADMAP + new.format("AA"))
    assert text == ROADMAP + new.format("AA") + new.format("ZZ")


def test_a_heading_put_between_a_section_and_its_tasks_moves_nothing() -> None:
    ours = changed(("### QA-001: One", "### Audit\n\n> Found today\n\n### QA-001: One"))
    theirs = changed(("- [ ] first", "- [x] first"))
    text = clean(ROADMAP, ours, theirs)
    assert "> Found today\n\n### QA-001: One\n" in text and "- [x] first" in text


def test_a_moved_section_takes_its_edits_along() -> None:
    base = (
        "# R\n\n## Open\n\n### AB-001: a\n\n- [ ] x\n\n### AB-002: b\n\nb\n\n## Done\n\n### AB-003: c\n\nc\n"
    )
    ours = (
        "# R\n\n## Open\n\n### AB-002: b\n\nb\n\n## Done\n\n### AB-003: c\n\nc\n\n### AB-001: a\n\n- [ ] x\n"
    )
    theirs = base.replace("- [ ] x", "- [x] x")
    assert clean(base, ours, theirs) == ours.replace("- [ ] x", "- [x] x")


def test_a_renamed_heading_takes_its_edits_along() -> None:
    ours, theirs = changed(("## Log", "## ✅ Log (2026-01-20)")), ROADMAP + "- more\n"
    assert clean(ROADMAP, ours, theirs).endswith("## ✅ Log (2026-01-20)\n\n- 2026-01-01: started\n- more\n")


def test_an_id_that_both_minted_for_the_same_task_is_one_task() -> None:
    new = changed(("| QA-002", "| QA-009 | Nine | LOW | ready | 1h |\n| QA-002"))
    text = clean(ROADMAP, new, new.replace("Nine | LOW | ready", "Nine | LOW | in-progress"))
    assert text.count("QA-009") == 1 and "| QA-009 | Nine | LOW | in-progress | 1h |" in text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ROADMAP + "\n### QA-010: Ten\n\nA\n", ROADMAP + "\n### QA-010: Zehn\n\nB\n"),
        (
            changed(("| QA-001", "| QA-010 | Ten | LOW | ready | 1h |\n| QA-001")),
            ROADMAP + "\n### QA-010: Zehn\n\nB\n",
        ),
        (
            ROADMAP + "- [ ] **QA-010: Ten**\n",
            changed(("| QA-002", "| QA-010 | Zehn | LOW | ready | 1h |\n| QA-002")),
        ),
    ],
)
def test_one_new_id_for_two_tasks_is_refused_and_renumbered_on_request(ours: str, theirs: str) -> None:
    merged = merge(ROADMAP, ours, theirs)
    assert not merged.is_clean
    assert any("QA-010" in reason and "Ten" in reason and "Zehn" in reason for reason in merged.reasons)
    inside = "".join(part.split(">>>>>>>")[0] for part in merged.text.decode().split("<<<<<<<")[1:])
    assert "Ten" in inside and "Zehn" in inside
    renumbered = merge(ROADMAP, ours, theirs, renumber=True)
    assert renumbered.is_clean, renumbered.reasons
    text = renumbered.text.decode()
    assert "QA-010" in text and "QA-011" in text
    assert any("QA-011" in sentence for sentence in renumbered.resolved)


STATS = """# R

> **STATUS: {percent}% RESOLVED** ({done} completed, {open} tasks open)

| Category | Completed | Open | Total |
| -------- | --------- | ---- | ----- |
| Backend | {done} | {open} | {total} |
| **TOTAL** | **{done}** | **{open}** | **{total}** |

## Backend

| Task | Description | Status |
| --- | --- | --- |
"""


def summed_up(done: int, left: int, *new: str) -> str:
    rows = [
        f"| AB-{count:03d} | t{count} | {'complete' if count <= done else 'ready'} |\n"
        for count in range(1, 5)
    ]
    rows += [f"| {task} | {task} | ready |\n" for task in new]
    total = done + left
    head = STATS.format(percent=round(100 * done / total), done=done, open=left, total=total)
    return head + "".join(rows)


def test_counts_that_both_raised_alike_are_taken_anew_from_the_body() -> None:
    text = clean(summed_up(1, 3), summed_up(1, 4, "CC-001"), summed_up(1, 4, "DD-001"))
    assert text == summed_up(1, 5, "CC-001", "DD-001")


def test_counts_that_both_changed_differently() -> None:
    text = clean(summed_up(1, 3), summed_up(1, 4, "CC-001"), summed_up(2, 2))
    assert text == summed_up(2, 3, "CC-001")


def test_counts_without_a_body_are_the_base_plus_both_differences() -> None:
    assert (
        clean("**Total Issues:** 10\n", "**Total Issues:** 12\n", "**Total Issues:** 13\n")
        == "**Total Issues:** 15\n"
    )


def test_both_claims_on_one_task_are_kept_and_named() -> None:
    head = "# A\n\n| Session ID | Task | Status |\n| --- | --- | --- |\n"
    row = "| Session-20260101-{0}-aaaaa{1} | QA-009 | In Progress |\n"
    base = head + "| _(none)_ | - | - |\n"
    merged = merge(base, head + row.format("A", 1), head + row.format("B", 2), path=SESSIONS)
    assert merged.text.decode() == head + row.format("A", 1) + row.format("B", 2)
    assert merged.warnings == ("QA-009: two sessions work on it, 20260101-A-aaaaa1 and 20260101-B-aaaaa2",)


def test_sessions_that_both_archived_leave_the_active_table() -> None:
    active, done = (
        "| Session-20260101-{0}-aaaaaa | In Progress |\n",
        "| Session-20260101-{0}-aaaaaa | ✅ Complete |\n",
    )
    head, below = (
        "# A\n\n## Working\n\n| Session ID | Status |\n|---|---|\n",
        "\n## Done\n\n| Session ID | Status |\n|---|---|\n",
    )
    none = "| _(none)_ | - |\n"
    base = head + active.format("A") + active.format("B") + below + none
    ours = head + active.format("B") + below + done.format("A")
    theirs = head + active.format("A") + below + done.format("B")
    assert clean(base, ours, theirs, path=SESSIONS) == head + below + done.format("A") + done.format("B")


def test_look_alikes_in_fences_and_comments_are_inert() -> None:
    base = "# R\n\n```\n### QA-001: x\n| QA-002 | ready |\n```\n\n<!--\n### QA-003: y\n-->\n\nend\n"
    ours, theirs = (
        base.replace("end", "end.\n\n### QA-001: real"),
        base.replace("# R", "# R\n\n**Version:** 1"),
    )
    assert clean(base, ours, theirs) == ours.replace("# R", "# R\n\n**Version:** 1", 1)


def test_front_matter_is_merged_line_by_line() -> None:
    base = "---\ntitle: x\nversion: 1\n---\n\n# R\n"
    text = clean(base, base.replace("x", "y"), base.replace("# R", "# R\n\nmore"))
    assert text == "---\ntitle: y\nversion: 1\n---\n\n# R\n\nmore\n"


def test_rows_with_too_many_cells_lose_none() -> None:
    base = "# R\n\n| Task | Status |\n|---|---|\n| QA-001 | ready | extra | more |\n| QA-002 | ready |\n"
    ours = base.replace("| QA-002 | ready |", "| QA-002 | review |")
    theirs = base + "| QA-003 | ready | odd |\n"
    text = clean(base, ours, theirs)
    assert "| QA-001 | ready | extra | more |\n| QA-002 | review |\n| QA-003 | ready | odd |\n" in text


def test_rows_that_stand_apart_from_their_table_are_rows_still() -> None:
    base = "# R\n\n| Task | Status |\n|---|---|\n\n| QA-001 | ready |\n| QA-002 | ready |\n"
    ours, theirs = (
        base + "| QA-004 | ready |\n",
        base.replace("| QA-002 | ready |", "| QA-002 | review |\n| QA-003 | ready |"),
    )
    assert clean(base, ours, theirs).endswith("| QA-002 | review |\n| QA-003 | ready |\n| QA-004 | ready |\n")


def test_a_new_task_with_an_old_one_s_former_status_keeps_it() -> None:
    old = "# Plan\n\n### DATA-1: Old\n\n**Status:** in-progress\n\n- [ ] one\n"
    new = "\n### DATA-2: New\n\n**Status:** in-progress\n\nAll about it.\n"
    ours = old.replace("in-progress", "blocked - db") + new
    theirs = old.replace("in-progress", "blocked - db").replace("- [ ] one", "- [x] one")
    assert clean(old, ours, theirs) == theirs + new


def test_a_side_that_has_all_of_the_other_is_the_answer_as_it_is() -> None:
    base = "# Notes\n\n- the first of the lights\n- the second of the maps\n\n## Later\n\n- a third thing\n"
    theirs = base.replace("- the first of the lights\n", "- an entry of theirs\n")
    # Ours took theirs in, then renamed the heading and put something else in the place of an old item.
    ours = theirs.replace("- the second of the maps", "- what is the second now").replace("Later", "Next")
    assert clean(base, ours, theirs) == ours


def test_what_was_reworded_here_and_deleted_there_is_asked_although_the_rest_was_seen() -> None:
    base = "# Notes\n\n- the lights of the tower\n- maps\n"
    theirs = "# Notes\n\n- maps\n- an entry of theirs\n"
    ours = "# Notes\n\n- the lights of the old tower\n- maps\n- an entry of theirs\n"
    assert not merge(base, ours, theirs).is_clean


def test_an_item_stays_with_its_list_where_the_other_side_wrote_a_text_behind_it() -> None:
    base = "# A\n\n* one is here\n* two is there\n\n[x]: https://example.org\n"
    ours = base.replace("two is there\n", "two is there\n* Zoe came too\n")
    theirs = base.replace("two is there\n", "two is there\n\nAll of this is new.\n\nAnd so is this.\n")
    assert clean(base, ours, theirs) == theirs.replace("two is there\n", "two is there\n* Zoe came too\n")


def test_words_that_touch_are_one_change() -> None:
    base = "# A\n\n- Do not mix callbacks and promises here.\n"
    ours, theirs = base.replace("mix", "blend"), base.replace("callbacks", "calls")
    assert not merge(base, ours, theirs).is_clean
    assert clean(base, ours, base.replace("here", "there")) == ours.replace("here", "there")


def test_a_side_has_seen_the_other_although_lines_that_many_tasks_have_were_taken_away_elsewhere() -> None:
    task = "\n### QA-{0}: {1}\n\n**Status:** ready\n**Estimate:** 4h\n\nAbout {1}.\n"
    one, two, new = task.format(1, "lamps"), task.format(2, "maps"), task.format(3, "roads")
    base, ours, theirs = (f"# Plan\n{text}" for text in (one + two, two + new, one + two + new))
    assert clean(base, ours, theirs) == ours
