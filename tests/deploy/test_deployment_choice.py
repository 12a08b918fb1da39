"""Which deployment speaks for a commit: timelines, as pure facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.watch.deployment_choice import Shown, speaks
from afterpush.deploy.watch.facts import NotYet, RolledBack, Seen, Serving
from afterpush.digitalocean.deployed_commits import Carried, Ours, carried, commit_of_tag
from afterpush.digitalocean.deployment import Deployment, Spec, read_app, read_deployment
from afterpush.infra.clock import rfc3339
from tests.support.kin import Kin

OURS, OLDER, NEWER, ALIEN = ("1a2b3c4" + "0" * 33), ("0a0a0a0" + "0" * 33), ("2e2e2e2" + "0" * 33), "f" * 40
KIN = Kin(OURS, older=(OLDER,), later=(NEWER,))
OUR_REPO = Ours(frozenset({"acme/shop"}), frozenset({"main"}))
NOW = 1_764_000_000.0


def spec_of(*names: str, off: Sequence[str] = ()) -> Spec:
    services = [
        {"name": n, "github": {"repo": "acme/shop", "branch": "main", "deploy_on_push": n not in off}}
        for n in names
    ]
    found = read_app({"id": "a", "spec": {"name": "shop", "services": services}}).spec
    assert found
    return found


def made(
    sha: str | dict[str, str], phase: str, *, at: float, type: str = "DEPLOY_ON_PUSH", **more: Any
) -> Deployment:
    """A deployment made `at` seconds from now (negative: ago), which entered its phase a minute later."""
    hashes = sha if isinstance(sha, dict) else {"web": sha}
    status = {"ERROR": "ERROR", "CANCELED": "PENDING"}.get(phase, "SUCCESS")
    return read_deployment(
        {
            "id": f"{type} {at}",
            "phase": phase,
            "created_at": rfc3339(NOW + at),
            "phase_last_updated_at": rfc3339(NOW + at + 60),
            "cause_details": {"type": type},
            "services": [{"name": name, "source_commit_hash": commit} for name, commit in hashes.items()],
            "progress": {"steps": [{"name": "deploy", "status": status}]},
        }
        | more
    )


@dataclass(frozen=True)
class Case:
    deployments: list[Deployment]
    spec: Spec
    since: float | None = None

    def word(self) -> Seen | Serving | RolledBack | NotYet:
        def of(deployment: Deployment) -> Carried:
            return carried(deployment, OUR_REPO, self.spec, KIN)

        active = next((one.id for one in self.deployments if one.phase == "ACTIVE"), None)
        return speaks(Shown(self.deployments, active, self.spec, of, NOW, self.since))


def word(
    *deployments: Deployment, spec: Spec | None = None, since: float | None = None
) -> Seen | Serving | RolledBack | NotYet:
    return Case(list(deployments), spec or spec_of("web"), since).word()


def test_what_is_active_decides_and_a_later_failure_of_the_same_commit_is_a_remark() -> None:
    said = word(
        made(OURS, "ACTIVE", at=-600), made(OURS, "ERROR", at=-120, type="AUTOSCALED", cause="autoscaled")
    )
    assert isinstance(said, Seen) and said.deployment.phase == "ACTIVE"
    assert "autoscaler failed at" in said.remarks[0]


def test_a_restart_under_way_is_a_remark() -> None:
    details = {"type": "MANUAL", "digitalocean_user_action": {"name": "RESTART"}}
    said = word(
        made(OURS, "ACTIVE", at=-600), made(OURS, "DEPLOYING", at=-5, type="MANUAL", cause_details=details)
    )
    assert isinstance(said, Seen) and said.deployment.phase == "ACTIVE"
    assert said.remarks == ("a restart is under way (DEPLOYING)",)


@pytest.mark.parametrize("type", ["AUTOSCALED", "MANUAL", "MAINTENANCE", "AUTO_ROLLBACK", "MANUAL_ROLLBACK"])
def test_whatever_made_it_active_ours_is_live(type: str) -> None:
    said = word(made(OURS, "SUPERSEDED", at=-900), made(OURS, "ACTIVE", at=-60, type=type))
    assert isinstance(said, Seen) and said.deployment.phase == "ACTIVE"


def test_a_later_try_counts_after_a_failure() -> None:
    said = word(made(OURS, "ERROR", at=-600), made(OURS, "BUILDING", at=-10, type="MANUAL"))
    assert isinstance(said, Seen) and said.deployment.phase == "BUILDING"
    said = word(made(OURS, "ERROR", at=-600), made(OURS, "ERROR", at=-200, type="MANUAL"))
    assert isinstance(said, Seen) and said.deployment.id == "MANUAL -200"


def test_live_in_a_later_commit_that_contains_it() -> None:
    said = word(made(OURS, "SUPERSEDED", at=-900), made(NEWER, "ACTIVE", at=-60))
    assert isinstance(said, Serving) and (said.contained_in, said.superseded_by) == (NEWER, NEWER)
    assert said.own and said.own.phase == "SUPERSEDED", "whose logs are asked for"
    said = word(made(OLDER, "SUPERSEDED", at=-900), made(NEWER, "ACTIVE", at=-60))
    assert isinstance(said, Serving) and (said.contained_in, said.superseded_by) == (NEWER, None)
    said = word(made(OURS, "ERROR", at=-900), made(NEWER, "ACTIVE", at=-60))
    assert isinstance(said, Serving) and said.remarks == ("its own deployment failed",)


def test_a_deployment_of_a_later_commit_stands_in_where_ours_has_none() -> None:
    said = word(made(OLDER, "ACTIVE", at=-900), made(NEWER, "BUILDING", at=-20))
    assert isinstance(said, Seen) and (said.deployment.phase, said.contained_in) == ("BUILDING", NEWER)
    said = word(
        made(OLDER, "ACTIVE", at=-900), made(NEWER, "BUILDING", at=-20), made(OURS, "BUILDING", at=-9)
    )
    assert isinstance(said, Seen) and said.contained_in is None


def test_it_went_live_and_was_replaced_by_what_git_does_not_know() -> None:
    said = word(made(OURS, "SUPERSEDED", at=-900), made(ALIEN, "ACTIVE", at=-60))
    assert isinstance(said, Seen) and said.went_live
    assert said.successor and said.successor.sha == ALIEN


def test_rolled_back_by_hand_to_an_older_commit() -> None:
    back = made(OLDER, "ACTIVE", at=-60, type="MANUAL_ROLLBACK")
    said = word(made(OLDER, "SUPERSEDED", at=-2000), made(OURS, "SUPERSEDED", at=-900), back)
    assert isinstance(said, RolledBack) and said.to.sha == OLDER and said.at == NOW
    restarted = made(OLDER, "ACTIVE", at=-10, type="AUTOSCALED")
    superseded = made(OLDER, "SUPERSEDED", at=-60, type="MANUAL_ROLLBACK")
    assert isinstance(word(made(OURS, "SUPERSEDED", at=-900), superseded, restarted), RolledBack)


def test_a_rollback_after_a_newer_one_failed_or_went_live_is_judged_by_what_runs() -> None:
    newer = made(NEWER, "SUPERSEDED", at=-500)
    said = word(
        made(OURS, "SUPERSEDED", at=-900), newer, made(OURS, "ACTIVE", at=-60, type="MANUAL_ROLLBACK")
    )
    assert isinstance(said, Seen) and "went back to it" in said.remarks[0]
    said = word(
        made(OURS, "SUPERSEDED", at=-900),
        made(ALIEN, "SUPERSEDED", at=-500),
        made(ALIEN, "ACTIVE", at=-60, type="MANUAL_ROLLBACK"),
    )
    assert isinstance(said, Seen), "it went back to a commit that came after ours"


def test_a_failure_that_the_platform_rolled_back_stays_a_failure() -> None:
    said = word(
        made(OLDER, "SUPERSEDED", at=-900),
        made(OURS, "ERROR", at=-300),
        made(OLDER, "ACTIVE", at=-200, type="AUTO_ROLLBACK"),
    )
    assert isinstance(said, Seen) and said.deployment.phase == "ERROR"


def test_one_component_of_two_is_not_enough() -> None:
    spec = spec_of("web", "worker")
    failed = made({"web": OURS, "worker": OURS}, "ERROR", at=-600)
    mixed = made({"web": OLDER, "worker": OURS}, "ACTIVE", at=-200, type="MANUAL")
    said = word(failed, mixed, spec=spec)
    assert isinstance(said, Seen) and said.deployment.phase == "ERROR"
    said = word(mixed, spec=spec)
    assert isinstance(said, NotYet) and said.doubt
    assert "web runs 0a0a0a0" in said.doubt and "worker runs 1a2b3c4" in said.doubt
    said = word(made({"web": NEWER, "worker": OURS}, "ACTIVE", at=-9), spec=spec)
    assert isinstance(said, Serving) and said.contained_in == NEWER


def test_components_that_no_push_deploys_do_not_count_beside_those_that_one_does() -> None:
    said = word(
        made({"web": OURS, "worker": OLDER}, "ACTIVE", at=-60), spec=spec_of("web", "worker", off=["worker"])
    )
    assert isinstance(said, Seen)


def test_superseded_is_only_by_a_newer_commit_at_the_moment_of_the_cancelation() -> None:
    ours = made(OURS, "CANCELED", at=-200)  # Canceled 140 s ago.
    for other, expected in [
        (made(NEWER, "BUILDING", at=-139), NEWER),
        (made(ALIEN, "ERROR", at=-141), ALIEN),
        (made(NEWER, "ACTIVE", at=-20), "live"),
        (made(ALIEN, "ACTIVE", at=-20), None),
        (made(OLDER, "ACTIVE", at=-139, type="MANUAL"), None),
        (made(OLDER, "ACTIVE", at=-139, type="MANUAL_ROLLBACK"), None),
    ]:
        said = word(ours, other)
        if expected == "live":
            assert isinstance(said, Serving)
        else:
            assert isinstance(said, Seen) and said.is_settled
            assert (said.successor.sha if said.successor else None) == expected, other


def test_a_changed_spec_that_canceled_ours_is_told() -> None:
    details = {"type": "MANUAL", "digitalocean_user_action": {"name": "UPDATE_SPEC"}}
    said = word(
        made(OURS, "CANCELED", at=-200),
        made(OLDER, "ACTIVE", at=-139, type="MANUAL", cause_details=details),
    )
    assert isinstance(said, Seen) and "deploy it again" in said.remarks[0]


def test_a_fresh_cancelation_is_looked_at_again() -> None:
    said = word(made(OURS, "CANCELED", at=-62))
    assert isinstance(said, Seen) and not said.is_settled
    assert isinstance(word(made(OURS, "CANCELED", at=-66)), Seen)


def test_only_deployments_since_the_push_count() -> None:
    old, newer = made(OURS, "SUPERSEDED", at=-9000), made(OLDER, "ACTIVE", at=-600)
    assert word(old, newer, since=NOW - 10) == NotYet("platform")
    said = word(old, newer, made(OURS, "ERROR", at=-5), since=NOW - 10)
    assert isinstance(said, Seen) and said.deployment.phase == "ERROR"
    active = made(OURS, "ACTIVE", at=-9000)
    assert word(active, since=NOW - 10) == NotYet("platform", standing=active)


def test_pushed_again_from_elsewhere_the_deployment_after_the_other_commits_decides() -> None:
    said = word(
        made(OURS, "SUPERSEDED", at=-9000),
        made(ALIEN, "ACTIVE", at=-600),
        made(OURS, "BUILDING", at=-5),
    )
    assert isinstance(said, Seen) and said.deployment.phase == "BUILDING"


@pytest.mark.parametrize(
    ("tag", "digits"),
    [
        (OURS, OURS),
        ("main-1a2b3c4", "1a2b3c4"),
        ("sha-1a2b3c4d", "1a2b3c4d"),
        ("v1.4-3-g1a2b3c4", "1a2b3c4"),
        ("SHA-1A2B3C4", "1a2b3c4"),
        ("latest", None),
        ("v1.2.3", None),
        ("x1a2b3c4", None),
        ("1a2b3c", None),
        (None, None),
    ],
)
def test_the_commit_that_a_tag_is_or_ends_in(tag: str | None, digits: str | None) -> None:
    assert commit_of_tag(tag) == digits


def test_an_image_whose_tag_is_our_commit_counts_and_no_tag_is_evidence_of_containment() -> None:
    def of_tag(tag: str) -> Deployment:
        image = {"name": "web", "image": {"repository": "shop", "tag": tag}}
        body = {"services": [{"name": "web"}], "spec": {"name": "shop", "services": [image]}}
        return made({}, "ACTIVE", at=-60, type="MANUAL", **body)

    assert isinstance(word(of_tag("main-1a2b3c4")), Seen)
    assert word(of_tag(NEWER)) == NotYet("platform") == word(of_tag("latest"))


def test_the_step_of_a_job_that_runs_after_failures_stays_pending_and_it_went_live_all_the_same() -> None:
    steps = [{"name": "deploy", "steps": [
        {"name": "web", "component_name": "web", "status": "SUCCESS"},
        {"name": "undo", "component_name": "undo", "status": "PENDING"},
    ]}]  # fmt: skip
    job = {"name": "undo", "kind": "FAILED_DEPLOY"}
    ours = made(OURS, "SUPERSEDED", at=-900, progress={"steps": steps}, spec={"name": "shop", "jobs": [job]})
    said = word(ours, made(ALIEN, "ACTIVE", at=-60))
    assert isinstance(said, Seen) and said.went_live
    assert not read_deployment({"id": "d", "progress": {"steps": steps}}).is_wholly_successful()


SHAS = st.sampled_from([OURS, OLDER, NEWER, ALIEN])
PHASES = st.sampled_from(["BUILDING", "DEPLOYING", "SUPERSEDED", "ERROR", "CANCELED"])
TYPES = st.sampled_from(["DEPLOY_ON_PUSH", "MANUAL", "AUTOSCALED", "MANUAL_ROLLBACK", "AUTO_ROLLBACK"])


@given(st.lists(st.tuples(SHAS, PHASES, TYPES), max_size=6), SHAS, st.randoms())
def test_what_is_active_is_never_contradicted_and_the_order_of_the_answer_does_not_matter(
    history: list[tuple[str, str, str]], active: str, dice: Any
) -> None:
    past = [
        made(sha, phase, type=type, at=-1000.0 + 10 * at) for at, (sha, phase, type) in enumerate(history)
    ]
    deployments = [*past, made(active, "ACTIVE", at=-1)]
    said = word(*deployments)
    if active == OURS:
        assert isinstance(said, Seen) and said.deployment.phase == "ACTIVE"
    elif active == NEWER:
        assert isinstance(said, Serving) and said.contained_in == NEWER
    else:
        assert not isinstance(said, Serving)
        assert not isinstance(said, Seen) or said.deployment.phase != "ACTIVE"
    shuffled = list(deployments)
    dice.shuffle(shuffled)
    assert word(*shuffled) == said
