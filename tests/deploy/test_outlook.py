"""Whether a deployment of a push can come at all."""

from typing import Any

import pytest

from afterpush.deploy.watch.deploy_on_push import Past, outlook
from afterpush.deploy.watch.facts import NotYet
from afterpush.digitalocean.deployed_commits import Carried, Ours, carried
from afterpush.digitalocean.deployment import App, Deployment, read_app, read_deployment
from afterpush.infra.clock import rfc3339
from tests.support.kin import Kin

SHAS = [f"{digit}" * 40 for digit in "abcdef"]
OUR_REPO = Ours(frozenset({"acme/shop"}), frozenset({"main"}))
NOW = 1_764_000_000.0


def app(service: dict[str, Any], **more: Any) -> App:
    spec = {"name": "shop", "services": [{"name": "web"} | service]} | more.pop("spec", {})
    return read_app({"id": "a", "spec": spec} | more)


def built(**source: Any) -> dict[str, Any]:
    return {"github": {"repo": "acme/shop", "branch": "main"} | source}


def past_of(*types: str, tags: bool = False, delay: float = 360) -> Past:
    """A deployment of another commit for each type, an hour apart, each `delay` after its commit."""
    deployments = []
    for at, type in enumerate(types):
        part: dict[str, Any] = {"name": "web"} | ({} if tags else {"source_commit_hash": SHAS[at]})
        spec = {"services": [{"name": "web", "image": {"tag": SHAS[at]}}]} if tags else None
        made = {"id": f"d{at}", "created_at": rfc3339(NOW + 3600 * at), "services": [part], "spec": spec}
        deployments.append(read_deployment(made | {"cause_details": {"type": type}}))

    def of(deployment: Deployment) -> Carried:
        return carried(deployment, OUR_REPO, None, Kin("9" * 40, older=tuple(SHAS)))

    return Past(deployments, of, lambda sha: NOW + 3600 * SHAS.index(sha) - delay)


def seen(service: dict[str, Any], past: Past | None = None, **more: Any) -> NotYet:
    return outlook(app(service, **more), OUR_REPO, past or past_of())


def test_a_push_that_deploys_is_waited_for_without_a_word() -> None:
    assert seen(built(deploy_on_push=True)) == NotYet("platform")


def test_off_without_a_sign_of_a_pipeline_is_the_end() -> None:
    found = seen(built(deploy_on_push=False), past_of("DEPLOY_ON_PUSH", "DEPLOY_ON_PUSH"))
    assert found.never and "deploy_on_push is off" in found.never


def test_off_with_a_pipeline_is_waited_for_as_long_as_that_took() -> None:
    found = seen(built(deploy_on_push=False), past_of("MANUAL", "MANUAL", "MANUAL"))
    assert found.never is None and found.waits_for
    assert "a pipeline deployed the last 3 commits, usually 6 m 00 s after the push" in found.waits_for
    assert found.wait_seconds == 540


def test_a_list_that_cannot_be_read_proves_no_absence_of_a_pipeline() -> None:
    past = past_of("DEPLOY_ON_PUSH")
    unknown = Past(past.deployments, past.carried, past.pushed_at, is_known=False)
    assert seen(built(deploy_on_push=False), unknown).never is None


def test_left_out_is_a_doubt_and_no_more() -> None:
    found = seen(built())
    assert found.never is None and found.doubt and "does not say deploy_on_push" in found.doubt


@pytest.mark.parametrize(
    ("maintenance", "word"),
    [({"archive": True, "enabled": True}, "archived"), ({"enabled": True}, "maintenance")],
)
def test_archived_or_under_maintenance_nothing_comes(maintenance: dict[str, bool], word: str) -> None:
    found = seen(built(deploy_on_push=True), spec={"maintenance": maintenance})
    assert found.never and word in found.never


def test_pinned_after_a_rollback_nothing_comes() -> None:
    found = seen(built(deploy_on_push=True), past_of("MANUAL"), pinned_deployment={"id": "d0"})
    assert found.never and "rolled back to aaaaaaa" in found.never


def test_built_from_another_branch_nothing_comes() -> None:
    found = seen(built(branch="release", deploy_on_push=True))
    assert found.never and "from the branch release, not from main" in found.never


def test_images_are_told_by_their_tags() -> None:
    pushed = {"image": {"repository": "shop", "tag": "latest", "deploy_on_push": {"enabled": True}}}
    found = seen(pushed)
    assert found.never is None and found.doubt and "the tag latest, which names no commit" in found.doubt
    assert seen({"image": {"repository": "shop", "tag": "v1"}}).never
    found = seen({"image": {"repository": "shop", "tag": SHAS[0]}}, past_of("MANUAL", tags=True))
    assert found.never is None and found.waits_for, "earlier tags name commits"


def test_a_plain_clone_url_has_no_push_hook() -> None:
    clone = {"git": {"repo_clone_url": "https://example.test/acme/shop.git", "branch": "main"}}
    found = seen(clone)
    assert found.never and "which no push deploys" in found.never
