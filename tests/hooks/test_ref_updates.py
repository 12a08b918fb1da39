"""Reading what git hands over, and choosing what is a deployment."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.hooks.policy import Policy, policy_of
from afterpush.hooks.ref_updates import RefUpdate, choose, parse_updates
from afterpush.infra.configuration.settings import Settings

A, B, NONE = "a" * 40, "b" * 40, "0" * 40
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs"]), min_size=1)


def test_the_policy_without_a_configuration_is_that_of_the_default_settings() -> None:
    assert policy_of(Settings()) == Policy()


def test_every_key_of_the_policy_comes_from_the_configuration() -> None:
    tree = {
        "deploy": {"branches": ["live", "release/*"], "state_dir": "."},
        "push": {"remote": "upstream"},
        "hooks": {"enabled": False, "guards": {"secrets": "block"}},
        "documents": {"roadmap": ["R.md"], "sessions": [], "session_files": ["s/**"]},
    }
    policy = policy_of(msgspec.convert(tree, Settings))
    assert (policy.enabled, policy.remote, policy.state_dir) == (False, "upstream", ".")
    assert policy.documents == ("R.md", "s/**")
    assert policy.level("secrets") == "block" and policy.level("force_push") == "warn"
    assert [policy.is_watched(name) for name in ("live", "release/1", "main")] == [True, True, False]


@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3).map(" ".join), NAMES)))
def test_lines_are_read_whatever_revision_was_pushed(pairs: list[tuple[str, str]]) -> None:
    updates = [RefUpdate(A, f"refs/{remote}", B) for _, remote in pairs]
    text = "".join(f"{local} {A} refs/{remote} {B}\n" for local, remote in pairs)
    assert parse_updates(text) == updates


@given(st.text() | st.text(f" {A[0]}\n0", max_size=300))
def test_what_is_no_ref_line_is_passed_over(text: str) -> None:
    assert all(
        len(update.sha) >= 40 and update.ref and f" {update.ref} " in text for update in parse_updates(text)
    )


@pytest.mark.parametrize(
    ("ref", "sha", "is_app_remote", "reason"),
    [
        ("refs/heads/main", A, True, None),
        ("refs/heads/topic", A, True, "deploy.branches is main"),
        ("refs/tags/main", A, True, "is no branch"),
        ("refs/heads/main", NONE, True, "deletes it"),
        ("refs/heads/main", A, False, "elsewhere is not the remote origin"),
    ],
)
def test_only_a_live_branch_of_the_apps_remote_is_watched(
    ref: str, sha: str, is_app_remote: bool, reason: str | None
) -> None:
    update = RefUpdate(sha, ref, B)
    choice = choose([update], Policy(), remote="elsewhere", is_app_remote=is_app_remote)
    assert choice.watched == ([] if reason else [update])
    assert [reason in said for said in choice.reasons if reason] == ([True] if reason else [])


def test_a_push_of_nothing_has_a_reason_too() -> None:
    assert choose([], Policy(), remote="origin", is_app_remote=True).reasons == [
        "nothing to push (or git refused every ref); not watched"
    ]
