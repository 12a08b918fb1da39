"""Tasks are read from rows, headings and checkbox lines alike, and merged by their ID."""

import pytest

from afterpush.roadmap import Status, read, tasks_by_id
from afterpush.roadmap.ids import expanded_ids, leading_id, leading_session, task_ids
from afterpush.roadmap.status import read_status
from tests.support.merge_cases import merge_cases

MIXED = """# Roadmap
- [x] **CL-001: Title** (Completed: 2025-11-12) 🔴 CRITICAL
  - Task ID: CL-001
  - **Problem:** broken
- [~] **CL-002: Two** (Session: 20250101-CL-002-abcd)

### QA-010: Slow list
**Priority:** P1 | **Status:** ✅ Complete (2025-11-14) | **Effort:** 4-6h
**Resolution:** an index

### DATA-001: Import
**Status**: ready
**Priority:** HIGH
**Module:** `a.ts`, `b.ts`
**Dependencies:** DEPLOY-001..003, NAV-006 through NAV-007
**Prompt:** `docs/prompts/DATA-001.md`

Objectives.

### ✅ DATA-002: Export

### NAV-008 through NAV-013: several

| Task | Status | Description | Module |
|---|:-:|---|--|
| **QA-010** | 🔴 BLOCKED - by DB | a \\| b | api |
| DATA-002-AUGMENT | In Progress | More
| DATA-001 | ready | Import rows | - |
"""


def test_every_form_of_a_task_is_read() -> None:
    tasks = read(MIXED.encode(), "docs/R.md").tasks()
    assert [(task.id, task.title, task.status.value) for task in tasks] == [
        ("CL-001", "Title", "complete"),
        ("CL-002", "Two", "in-progress"),
        ("QA-010", "Slow list", "complete"),
        ("DATA-001", "Import", "ready"),
        ("DATA-002", "Export", "complete"),
        ("QA-010", "a \\| b", "blocked"),
        ("DATA-002-AUGMENT", "More", "in-progress"),
        ("DATA-001", "Import rows", "ready"),
    ]
    assert {task.path for task in tasks} == {"docs/R.md"}
    lines = MIXED.splitlines()
    assert all(task.id in lines[task.line - 1] for task in tasks)


def test_the_facts_of_a_task_are_read_with_their_text_kept() -> None:
    tasks = {task.id: task for task in read(MIXED.encode()).tasks()[:5]}
    assert tasks["CL-001"].priority == "CRITICAL"
    assert tasks["CL-001"].extra["completed"] == "2025-11-12"
    assert tasks["CL-001"].extra["problem"] == "broken"
    assert tasks["CL-002"].extra["session"] == "20250101-CL-002-abcd"
    assert tasks["QA-010"].status_text == "✅ Complete (2025-11-14)"
    assert (tasks["QA-010"].priority, tasks["QA-010"].estimate) == ("P1", "4-6h")
    assert tasks["DATA-001"].dependencies == ("DEPLOY-001", "DEPLOY-002", "DEPLOY-003", "NAV-006", "NAV-007")
    assert tasks["DATA-001"].prompt == "docs/prompts/DATA-001.md"
    assert tasks["DATA-001"].module == "`a.ts`, `b.ts`"
    assert tasks["DATA-001"].section_text.endswith("Objectives.")
    assert tasks["DATA-001"].is_ready and tasks["CL-001"].is_done


def test_a_row_and_a_heading_become_one_task() -> None:
    tasks = tasks_by_id([read(MIXED.encode())])
    assert list(tasks) == ["CL-001", "CL-002", "QA-010", "DATA-001", "DATA-002", "DATA-002-AUGMENT"]
    assert tasks["DATA-001"].title == "Import"
    assert tasks["QA-010"].module == "api"
    assert tasks["QA-010"].status is Status.COMPLETE
    assert tasks["DATA-001"].is_unblocked(tasks)


def test_work_that_waits_for_another_task_is_not_unblocked() -> None:
    text = "### AB-1: a\n**Status:** ready\n**Dependencies:** AB-2\n### AB-2: b\n**Status:** review\n"
    tasks = tasks_by_id([read(text.encode())])
    assert not tasks["AB-1"].is_unblocked(tasks)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("✅ Complete (2025-11-14)", "complete"),
        ("✅ FIXED", "complete"),
        ("**complete**", "complete"),
        ("✅ VERIFIED (correct)", "complete"),
        ("✅", "complete"),
        ("Not Started", "ready"),
        ("NOT STARTED", "ready"),
        ("🔴 OPEN", "ready"),
        ("🟡 OPEN", "ready"),
        ("📋 PLANNED", "ready"),
        ("ready", "ready"),
        ("Incomplete", "ready"),
        ("⏳ IN PROGRESS", "in-progress"),
        ("in-progress", "in-progress"),
        ("🔍 INVESTIGATING", "in-progress"),
        ("In Review", "review"),
        ("ready for review", "review"),
        ("🔴 BLOCKED - reason", "blocked"),
        ("🚫 BLOCKED", "blocked"),
        ("⊘ REMOVED (not needed)", "cancelled"),
        ("skipped", "cancelled"),
        ("deprecated", "cancelled"),
        ("reverted", "cancelled"),
        ("DEFERRED", "cancelled"),
        ("", "unknown"),
        ("-", "unknown"),
        ("whatever", "unknown"),
        ("openly", "unknown"),
    ],
)
def test_a_status_is_read_in_the_words_that_teams_use(text: str, status: str) -> None:
    assert read_status(text).value == status


def test_ids_are_found_by_the_documented_pattern() -> None:
    text = "QA-001, DATA-002-AUGMENT (TEST-INFRA-01) BE-QA-011/GF-PHASE0-003 `UXS-702` BUG-20251119-001"
    assert task_ids(text) == [
        "QA-001",
        "DATA-002-AUGMENT",
        "TEST-INFRA-01",
        "BE-QA-011",
        "GF-PHASE0-003",
        "UXS-702",
        "BUG-20251119-001",
    ]
    assert task_ids("Session-20260205-TYPE-001-8bf360 qa-001 QA-00123 XQA-001a") == []
    assert leading_id("~~**QA-001**~~: x") == ("QA-001", "**~~: x")
    assert leading_id("NAV-007 through NAV-013: more") is None
    assert leading_id("UXS-101..104") is None
    assert leading_session("`Session-20260116-E2E-INFRA`") == "20260116-E2E-INFRA"
    assert expanded_ids("QA-001 - QA-003, BE-001, QA-002") == ["QA-001", "QA-002", "QA-003", "BE-001"]


def test_tasks_and_sessions_of_whole_documents() -> None:
    cases = {case.name: case for case in merge_cases()}
    tasks = tasks_by_id([read(cases["roadmap-one-id-for-two-tasks"].theirs)])
    assert tasks["SD-001"].title == "Check inputs of the pump"
    assert tasks["HS-001"].is_done and not tasks["HS-002"].is_done
    registry = read(cases["sessions-one-on-top-one-at-the-end"].theirs).sessions()
    assert [session.id for session in registry if not session.is_over] == [
        "20250501-HS-001-0a1b2c",
        "20250503-YD-004-cc22dd",
        "20250501-HS-001-0a1b2c",
        "20250503-YD-004-cc22dd",
    ]
