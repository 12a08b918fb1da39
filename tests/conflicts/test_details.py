"""Counts such as 3/8, notes in brackets, remarks behind a version, and how tables are written down."""

import pytest

from tests.support.conflicts import SESSIONS, clean, merge


def sprint(head: str, *ticked: int) -> str:
    boxes = "".join(f"- [{'x' if place in ticked else ' '}] item {place}\n" for place in range(5))
    return f"# R\n\n{head}\n\n{boxes}"


@pytest.mark.parametrize("head", ["## Sprint ({}/5 complete)", "**Progress:** {}/5 tasks", "{} of 5 done."])
def test_so_many_of_so_many_are_counted_in_the_body(head: str) -> None:
    ours, theirs = sprint(head.format(2), 0, 1), sprint(head.format(3), 0, 1, 3)
    text = clean(sprint(head.format(1), 0), ours, theirs.replace("item 3", "item 3 at last"))
    assert text == sprint(head.format(3), 0, 1, 3).replace("item 3", "item 3 at last")
    assert clean(sprint(head.format(1), 0), sprint(head.format(2), 0, 1), sprint(head.format(2), 0, 2)) == (
        sprint(head.format(3), 0, 1, 2)
    )


def test_so_many_of_so_many_without_a_body_are_the_base_plus_both_differences() -> None:
    head = "# R\n\n## Sprint ({}/10 complete - {}%)\n\ntext\n"
    assert clean(head.format(5, 50), head.format(6, 60), head.format(7, 70)) == head.format(8, 80)


def test_a_percentage_is_derived_however_the_sides_spell_it() -> None:
    line = "# R\n\n**Completion:** {}\n"
    base, ours = line.format("~95% (180/190)"), line.format("~96% (183/190)")
    assert clean(base, ours, line.format("97% (185/190)")) == line.format("99% (188/190)")
    row = "# R\n\n| Area | Total | Done | % |\n|---|---|---|---|\n| Core | 190 | {} |\n"
    text = clean(row.format("180 | ~95%"), row.format("183 | ~96%"), row.format("186 | 100%"))
    assert text == row.format("189 | 99%").replace("99%", "99% ")


@pytest.mark.parametrize("other", ["~55%", "57%"])
def test_a_percentage_alone_is_what_the_boxes_below_it_make(other: str) -> None:
    def page(share: str, done: set[int]) -> str:
        boxes = "".join(f"- [{'x' if place in done else ' '}] item {place}\n" for place in range(20))
        return f"# R\n\n**Overall Progress:** {share}\n\n{boxes}"

    done = set(range(10))
    text = clean(page("50%", done), page("60%", done | {11, 12}), page(other, done | {15}))
    assert text.replace("~", "") == page("65%", done | {11, 12, 15})


def test_notes_in_brackets_are_merged_by_their_key() -> None:
    line = "# S\n\n- Session-20260116-X-2da4e7: X - [Platform: External]{}\n"
    text = clean(line.format(""), line.format(" [Files: a.ts]"), line.format(" [Branch: b]"), path=SESSIONS)
    assert text == line.format(" [Branch: b] [Files: a.ts]")
    one, other = (line.format(f" [Branch: {branch}]") for branch in "ab")
    assert not merge(line.format(""), one, other, path=SESSIONS).is_clean


def test_a_remark_behind_a_version_is_not_chosen_silently() -> None:
    def headed(version: str) -> str:
        return f"# R\n\n**Version:** {version}\n"

    base = headed("2.0 (beta)")
    assert clean(base, headed("2.1 (beta)"), headed("2.1 (alpha)")) == headed("2.1 (alpha)")
    assert clean(headed("2.0"), headed("2.1"), headed("v2.1")) == headed("v2.1")
    assert not merge(base, headed("2.1 (QA)"), headed("2.1 (speed)")).is_clean


def test_a_row_of_a_table_aligned_by_hand_keeps_its_widths() -> None:
    base = "| Task    | Title | Status   |\n|---------|-------|----------|\n| QA-001  | one   | ready    |\n"
    ours, theirs = base.replace("ready   ", "done    "), base.replace("| one ", "| uno ")
    assert clean(base, ours, theirs) == base.replace("ready   ", "done    ").replace("| one ", "| uno ")


def test_a_new_column_leaves_an_aligned_table_aligned() -> None:
    base = "| Task   | Status |\n| ------ | :----: |\n| QA-001 | ready  |\n| QA-002 | ready  |\n"
    ours = (
        "| Task   | Status | Owner |\n| ------ | :----: | ----: |\n"
        "| QA-001 | ready  |   Ann |\n| QA-002 | ready  |     - |\n"
    )
    theirs = base.replace("| QA-002 | ready  |", "| QA-002 |  done  |") + "| QA-003 | ready  |\n"
    assert clean(base, ours, theirs) == (
        "| Task   | Status | Owner |\n| ------ | :----: | ----: |\n"
        "| QA-001 | ready  |   Ann |\n| QA-002 |  done  |     - |\n| QA-003 | ready  |       |\n"
    )


def test_a_title_under_any_name_tells_two_tasks_of_one_new_id_apart() -> None:
    base = (
        "# R\n\n## Open\n\n| ID | Feature | Status |\n|---|---|---|\n| QA-001 | One | ready |\n\n## Details\n"
    )
    ours = base.replace("\n\n## Details", "\n| QA-010 | Widget | ready |\n\n## Details")
    merged = merge(base, ours, base + "\n### QA-010: Gadget\n\n**Status:** ready\n")
    assert not merged.is_clean
    assert "'Widget' and 'Gadget'" in merged.reasons[0]
    assert merge(base, ours, base + "\n### QA-010: Widget\n\n**Status:** ready\n").is_clean


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("review", "✅ COMPLETE", "ready"),
        ("in-progress", "not started", "review"),
        ("review", "in-progress", "✅ Done"),
    ],
)
def test_a_task_taken_forward_here_and_back_there_asks(base: str, ours: str, theirs: str) -> None:
    table = "# R\n\n| Task | Status | Est |\n|---|---|---|\n| QA-001 | {} | 4h |\n"
    merged = merge(table.format(base), table.format(ours), table.format(theirs).replace("4h", "6h"))
    assert merged.reasons == (f"R: QA-001, status: '{ours}' against '{theirs}'",)


def test_a_box_ticked_here_and_cleared_there_asks() -> None:
    line = "# R\n\n- [{}] one\n"
    assert not merge(line.format("~"), line.format("x"), line.format(" ") + "- [ ] two\n").is_clean
    assert clean(line.format("x"), line.format("~"), line.format(" ")) == line.format("~")


SUMMARY = """# R

## 🔴 Open

| Task | Title | Status |
|---|---|---|
{rows}
## Summary

- **Total Tasks:** {all}

| Category | Completed | Open | Total | Progress |
|---|---|---|---|---|
| Infra | 8 | 0 | 8 | 100% |
| Bugs | {done} | {open} | {all} | {share}% |
"""


def summary(*tasks: tuple[str, str], done: int, left: int) -> str:
    """Of all these tasks, only the newest stand in the document itself."""
    rows = "".join(f"| {task} | {task} title | {status} |\n" for task, status in tasks)
    share = round(100 * done / (done + left))
    return SUMMARY.format(rows=rows, done=done, open=left, all=done + left, share=share)


def test_what_each_side_added_to_a_count_is_counted_where_the_whole_cannot_be() -> None:
    first, second, third = (("QA-001", "ready"), ("QA-002", "ready"), ("QA-003", "ready"))
    fixed, also = ("QA-001", "✅ COMPLETE"), ("QA-002", "✅ COMPLETE")
    base = summary(first, second, done=9, left=9)
    ours = summary(fixed, second, done=10, left=8)
    theirs = summary(first, also, third, done=10, left=9)
    assert clean(base, ours, theirs) == summary(fixed, also, third, done=11, left=8)
    # Both fixed one and the same: that is one more, not two.
    assert clean(base, ours, ours.replace("QA-002 title", "other title")) == ours.replace(
        "QA-002 title", "other title"
    )


def test_a_number_that_is_no_count_is_not_counted_on() -> None:
    first, second, third = (("QA-001", "ready"), ("QA-002", "ready"), ("QA-003", "ready"))
    note = "\n**Sprint:** {}\n"
    base = summary(first, done=9, left=9) + note.format(4)
    ours = summary(first, second, done=9, left=10) + note.format(5)
    theirs = summary(first, third, done=9, left=10) + note.format(5)
    text = clean(base, ours, theirs)
    assert text == summary(first, second, third, done=9, left=11) + note.format(5)


def test_front_matter_is_merged_key_by_key() -> None:
    head = "---\nversion: {}\nupdated: 2026-01-{}\ntags: [{}]\nstatus: {}\n---\n\n# R\n"
    text = clean(
        head.format("1.0", "01", "a, b", "draft"),
        head.format("1.1", "02", "a, b, c", "draft"),
        head.format("1.2", "03", "b, d", "active"),
    )
    assert text == head.format("1.3", "03", "b, c, d", "active")
    assert not merge(*(head.format("1.0", "01", "a", status) for status in "xyz")).is_clean


def test_a_listing_in_brackets_stays_in_them() -> None:
    tags = "# R\n\n**Tags:** {}\n"
    assert clean(tags.format("[a, b]"), tags.format("[a, b, c]"), tags.format("[b, d]")) == (
        tags.format("[b, c, d]")
    )
    assert not merge(tags.format("[a]"), tags.format("[a, c]"), tags.format("a, d")).is_clean


def test_two_colours_of_one_status_ask() -> None:
    table = "# R\n\n| Task | Status |\n|---|---|\n| QA-001 | {} OPEN{} |\n"
    assert not merge(table.format("🔴", ""), table.format("🟡", ""), table.format("🟢", "")).is_clean
    later = " (2026-01-02)"
    text = clean(table.format("🔴", ""), table.format("🟡", ""), table.format("🔴", later))
    assert text == table.format("🟡", later)


def test_a_row_that_one_side_deleted_and_the_other_wrote_in_other_words_is_a_conflict() -> None:
    head = "# Log\n\n## Runs\n\n| Key | What | State |\n|---|---|---|\n| r7 | Warm the cache | later |\n"
    base = head + "| r9 | Retry the queue | open |\n"
    for theirs in (base.replace("Retry the queue", "Batch of invoices"), base.replace("Retry", "Requeue")):
        merged = merge(base, head, theirs)
        assert not merged.is_clean and "theirs changed it" in merged.said


def test_two_values_of_one_cell_ask_although_one_side_has_all_the_new_lines_of_the_other() -> None:
    base = "# Plan\n\n| Task | Points |\n| --- | ---: |\n| Maps | 3 |\n\n- Keep the logs\n"
    ours = base.replace("3", "8") + "- Draw the maps\n- Print the signs\n- Queue the mails\n"
    theirs = base.replace("3", "5") + "- Draw the maps\n- Print the signs\n"
    for sides in ((ours, theirs), (theirs, ours)):
        merged = merge(base, *sides)
        assert not merged.is_clean and b"5" in merged.text and b"8" in merged.text


def test_words_that_one_side_has_of_the_other_are_not_put_in_twice() -> None:
    line = "# Plan\n\n- Theme the {}queue of {}invoices\n"
    base, ours, theirs = line.format("", ""), line.format("queue ", ""), line.format("queue ", "old ")
    assert clean(base, ours, theirs) == theirs
