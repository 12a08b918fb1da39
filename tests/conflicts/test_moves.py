"""What one side moved to another section or deleted whole, while the other side worked in it."""

import pytest

from tests.support.conflicts import SESSIONS, clean, merge

HEAD = "| Session ID | Task | Status | ETA |\n| --- | --- | --- | --- |\n"
NONE = "| _(none)_ | - | - | - |\n"
LOGIN = "| Session-20260108-QA-001-aaa111 | QA-001 | In Progress | 2h |\n"
EXPORT = "| Session-20260108-QA-002-bbb222 | QA-002 | In Progress | 2h |\n"


def registry(working: str = NONE, paused: str = NONE, completed: str = NONE, day: str = "08") -> str:
    return (
        f"# Sessions\n\n## 🟢 Working\n\n{HEAD}{working}\n## ⏸️ Paused\n\n{HEAD}{paused}"
        f"\n## ✅ Completed Today (2026-01-{day})\n\n{HEAD}{completed}"
    )


def done(row: str, status: str = "✅ Complete") -> str:
    return row.replace("In Progress", status)


def test_a_moved_row_takes_the_other_sides_edit_along() -> None:
    text = clean(
        registry(LOGIN + EXPORT),
        registry(EXPORT, completed=done(LOGIN), day="09"),
        registry(LOGIN.replace("2h", "4h") + EXPORT),
        path=SESSIONS,
    )
    assert text == registry(EXPORT, completed=done(LOGIN).replace("2h", "4h"), day="09")


def test_what_both_moved_to_one_section_is_merged_cell_by_cell() -> None:
    ours, theirs = done(LOGIN), done(LOGIN, "Done").replace("2h", "4h")
    text = clean(
        registry(LOGIN + EXPORT), registry(EXPORT, completed=ours), registry(EXPORT, completed=theirs),
        path=SESSIONS,
    )  # fmt: skip
    assert text == registry(EXPORT, completed=done(LOGIN).replace("2h", "4h"))


def test_what_both_moved_to_different_sections_asks_although_git_would_keep_it_twice() -> None:
    merged = merge(
        registry(LOGIN + EXPORT),
        registry(EXPORT, completed=done(LOGIN)),
        registry(EXPORT, paused=done(LOGIN, "Paused")),
        path=SESSIONS,
    )
    assert merged.reasons == (
        "✅ Completed Today (2026-01-08): Session-20260108-QA-001-aaa111: ours put it under "
        "'✅ Completed Today (2026-01-08)', theirs under '⏸️ Paused'",
    )
    text = merged.text.decode()
    assert f"\n=======\n{done(LOGIN, 'Paused')}>>>>>>> theirs\n" in text
    assert f"\n{done(LOGIN)}=======\n>>>>>>> theirs\n" in text


def test_what_was_moved_and_deleted_does_not_come_back() -> None:
    moved = registry(EXPORT, completed=LOGIN)
    assert "QA-001" not in clean(registry(LOGIN + EXPORT), moved, registry(EXPORT), path=SESSIONS)


def test_a_row_moved_to_another_kind_of_table_and_deleted_asks() -> None:
    below = "\n## Archive\n\n| Task | Note |\n| --- | --- |\n| QA-009 | x |\n"
    base = f"# R\n\n## Open\n\n| Task | Title | Status |\n|---|---|---|\n| QA-001 | a | ready |\n{below}"
    ours = base.replace("| QA-001 | a | ready |\n", "") + "| QA-001 | a |\n"
    merged = merge(base, ours, base.replace("| QA-001 | a | ready |\n", ""))
    assert merged.reasons == ("Archive: QA-001: theirs deleted it, ours changed it",)


def test_a_moved_checkbox_task_takes_the_edit_below_it_along() -> None:
    todo, end = "# R\n\n## Todo\n\n{}- [ ] **CL-002: B**\n", "\n## Done\n\n- [x] **CL-000: Z**\n"
    base = todo.format("- [ ] **CL-001: A**\n  - note\n") + end
    ours = todo.format("") + end + "- [x] **CL-001: A**\n  - note\n"
    text = clean(base, ours, base.replace("  - note\n", "  - note\n  - more\n"))
    assert text.endswith("- [x] **CL-000: Z**\n- [x] **CL-001: A**\n  - note\n  - more\n")


def test_rows_below_a_decorated_heading_have_not_moved() -> None:
    tables = "\n## Audit\n\n### One\n\n| Task | T |\n|---|---|\n| QA-001 | a |\n| QA-002 | b |\n"
    base = f"# R\n{tables}\n### Two\n\n| Task | T |\n|---|---|\n| QA-003 | c |\n"
    ours = base.replace("## Audit", "## ✅ Audit COMPLETE").replace("| a |", "| aa |")
    theirs = base.replace("| QA-001 | a |\n", "") + "| QA-001 | a |\n"
    text = clean(base, ours, theirs)
    assert text.endswith("| QA-003 | c |\n| QA-001 | aa |\n") and text.count("QA-001") == 1


TASK = (
    "### DATA-001: Third\n\n**Status:** ready\n\n#### Objectives\n\n- [ ] one\n\n"
    "#### Deliverables\n\n- [ ] two\n"
)
BEFORE, AFTER = "# R\n\n## Open\n\n### DATA-002: First\n\nx\n\n", "\n## Done\n\nnothing\n"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("[ ] one", "[x] one", "changed 'one' below it"),
        ("** ready", "** review", "changed '**Status:** review' below it"),
        ("- [ ] two\n", "- [ ] two\n\n#### Risks\n\nsome\n", "added 'Risks' below it"),
    ],
)
def test_a_task_deleted_here_and_edited_there_is_shown_whole(old: str, new: str, what: str) -> None:
    edited = TASK.replace(old, new)
    merged = merge(BEFORE + TASK + AFTER, BEFORE.rstrip("\n") + "\n" + AFTER, BEFORE + edited + AFTER)
    assert merged.reasons == (f"Open: DATA-001: Third: ours deleted it, theirs {what}",)
    assert f"\n=======\n{edited}>>>>>>> theirs\n" in merged.text.decode()


def test_a_task_added_to_a_deleted_section_keeps_its_heading() -> None:
    base = BEFORE + TASK + AFTER
    theirs = base.replace("### DATA-001", "### DATA-009: New\n\nnew\n\n### DATA-001")
    merged = merge(base, "# R\n" + AFTER, theirs)
    assert merged.reasons == ("R: Open: ours deleted it, theirs added 'DATA-009: New' below it",)
    assert "=======\n## Open\n" in merged.text.decode()


def test_a_dropped_heading_whose_tasks_stay_takes_none_along() -> None:
    base = BEFORE + TASK + AFTER
    theirs = base.replace("### DATA-001", "### DATA-009: New\n\nnew\n\n### DATA-001")
    assert clean(base, base.replace("## Open\n\n", ""), theirs) == theirs.replace("## Open\n\n", "")


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("### ✅ QA-001: One", "### QA-001: One, better", "### ✅ QA-001: One, better"),
        ("### QA-001: One ✅ COMPLETE", "#### QA-001: One", "#### QA-001: One ✅ COMPLETE"),
        ("### QA-001: One ✅ Done", "### QA-001: One 🔄 In Progress", "### QA-001: One ✅ Done"),
    ],
)
def test_a_heading_ticked_here_and_renamed_there(ours: str, theirs: str, merged: str) -> None:
    base = "# R\n\n### QA-001: One\n\ntext\n"
    sides = (base.replace("### QA-001: One", heading) for heading in (ours, theirs))
    assert clean(base, *sides) == base.replace("### QA-001: One", merged)
    assert not merge(base, base.replace("One", "Two"), base.replace("One", "Six")).is_clean


def test_a_moved_bullet_finds_its_list_among_several() -> None:
    bullet, other = "- Session-20260108-A-aaa111: QA-001\n", "- Session-20260107-B-bbb222: QA-002\n"
    log = "\n---\n\n- QA-049: Session-20251114-QA-049-0f629e2d (2025-11-14)\n"
    base = f"# S\n\n## Working\n\n{bullet}\n## Completed\n\n{other}{log}"
    ours = f"# S\n\n## Working\n\n_(none)_\n\n## Completed\n\n{other}{bullet}{log}"
    theirs = base.replace("QA-001", "QA-001 - [Branch: b]")
    assert clean(base, ours, theirs, path=SESSIONS) == ours.replace("QA-001", "QA-001 - [Branch: b]")


def test_a_line_that_both_deleted_and_one_wrote_anew_elsewhere_has_not_come_back() -> None:
    old, new = "\n### QA-001: One\n\nSee QA-009.\n", "\n### QA-002: Two\n\nSee QA-009.\n"
    base = f"# R\n\n## Open\n{old}\n## Done\n\n- a\n"
    ours, theirs = base.replace(old, "") + new, base.replace(old, "").replace("- a", "- a\n- b")
    assert clean(base, ours, theirs) == theirs + new


def test_what_was_added_to_a_task_that_is_gone_does_not_follow_a_line_of_it_into_a_new_task() -> None:
    def task(key: str, *lines: str) -> str:
        return f"## {key}: maps\n\nSome words about {key}.\n\n" + "".join(f"- [ ] {line}\n" for line in lines)

    head = "# Plan\n\n## Aims\n\nKeep it small.\n\n"
    base = head + task("T-1", "measure the pages", "write the tests")
    ours = head + task("T-1", "measure the pages", "write the tests", "ask Ada first")
    theirs = head + task("T-9", "draw a new index", "write the tests")
    for sides in ((ours, theirs), (theirs, ours)):
        merged = merge(base, *sides)
        assert not merged.is_clean and "ask Ada first" in merged.text.decode()
