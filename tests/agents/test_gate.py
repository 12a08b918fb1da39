"""The gate: who says what at the end of a turn, when it holds, and that it never loops."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.agents.gate import MOST_BLOCKS, Pushed, Stop, block, read_stop, reason_to_block
from afterpush.agents.guidance import GUIDANCE

SHA = "3a5c60a" + "0" * 33


def test_each_client_is_known_by_what_it_says() -> None:
    said = {
        "claude": {"hook_event_name": "Stop", "session_id": "s", "stop_hook_active": True},
        "vscode": {"hookEventName": "Stop", "sessionId": "s", "stop_hook_active": True},
        "gemini": {"hook_event_name": "AfterAgent", "stop_hook_active": True, "prompt": "p"},
        "cursor": {"hook_event_name": "stop", "status": "completed", "loop_count": 1},
        "copilot": {"sessionId": "s", "stopReason": "end_turn", "stop_hook_active": True},
    }
    for client, event in said.items():
        assert read_stop("\ufeff" + json.dumps(event)) == Stop(client, again=True)


def test_other_events_and_what_is_no_event_are_let_go() -> None:
    others: tuple[object, ...] = (
        {"hook_event_name": "PreToolUse"},
        {"hook_event_name": "stop", "status": "aborted"},
        [],
        "Stop",
        7,
    )
    assert [read_stop(json.dumps(other)) for other in others] == [None] * 5
    assert read_stop("no JSON") is None and read_stop("[" * 100_000) is None


def test_an_event_without_a_name_is_what_the_command_line_says() -> None:
    assert read_stop('{"stop_hook_active": false}') == Stop("claude")
    assert read_stop("{}", "cursor") == Stop("cursor")
    assert read_stop("{}") is None and read_stop('{"hook_event_name": "PreToolUse"}', "cursor") is None


def test_the_folder_is_the_clients_own() -> None:
    stop = read_stop('{"hook_event_name": "stop", "workspace_roots": ["/w/app"], "cwd": "/elsewhere"}')
    assert stop is not None and str(stop.folder) == "/w/app"


def test_each_client_gets_its_own_form_of_a_block() -> None:
    forms = {client: json.loads(block(client, "why")) for client in ("claude", "gemini", "cursor", "vscode")}
    assert forms["claude"] == {"decision": "block", "reason": "why"}
    assert forms["gemini"] == {"decision": "deny", "reason": "why"}
    assert forms["cursor"] == {"followup_message": "why"}
    assert forms["vscode"]["hookSpecificOutput"] == {
        "hookEventName": "Stop",
        "decision": "block",
        "reason": "why",
    }


def test_what_is_live_or_cannot_be_asked_lets_go_and_the_rest_holds_with_a_step() -> None:
    holds = {
        verdict: reason_to_block(Stop("claude"), Pushed(SHA, verdict, "because")) for verdict in GUIDANCE
    }
    assert {verdict for verdict, reason in holds.items() if reason is None} == {"live", "unreachable"}
    for verdict, reason in holds.items():
        assert reason is None or ("3a5c60a" in reason and GUIDANCE[verdict] in reason)
    assert reason_to_block(Stop("claude"), None) is None


@settings(max_examples=1000)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(sorted(GUIDANCE))), max_size=60))
def test_no_client_can_be_held_in_a_loop(turns: list[tuple[bool, str]]) -> None:
    """Whatever a client says of its own turns, and whatever the state is: few blocks for a push."""
    blocks = 0
    for again, verdict in turns:
        reason = reason_to_block(Stop("claude", again), Pushed(SHA, verdict, "said", blocks))
        assert not (again and reason)
        blocks += reason is not None
    assert blocks <= MOST_BLOCKS
