"""An app of the simulated platform, and its document."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.simulator.deployments import Deployment
from afterpush.simulator.steps import seconds_only

_OWNER = str(uuid.uuid5(uuid.NAMESPACE_DNS, "simulated"))


@dataclass
class App:
    """An app; `url` is where it answers, when it does. Pinned to a deployment, it takes no pushes."""

    id: str
    spec: dict[str, Any]
    created_at: float
    updated_at: float
    url: str | None = None
    pinned_id: str | None = None

    @property
    def name(self) -> str:
        return str(self.spec["name"])


def app_document(app: App, history: Sequence[Deployment], now: float) -> dict[str, Any]:
    """What the API answers for an app whose deployments are `history`, newest first."""
    url = app.url or f"https://{app.name}-x7k2q.ondigitalocean.app"
    document: dict[str, Any] = {
        "id": app.id,
        "owner_uuid": _OWNER,
        "spec": app.spec,
        "default_ingress": url,
        "created_at": seconds_only(app.created_at),
        "updated_at": seconds_only(app.updated_at),
        "live_url": url,
        "live_url_base": url,
        "live_domain": url.partition("://")[2],
        "region": {"slug": "fra", "label": "Frankfurt", "flag": "germany", "continent": "Europe"},
        "tier_slug": "basic",
    }
    newest = {"last_deployment_created_at": seconds_only(history[0].created_at)} if history else {}
    pinned = [one.document(now) for one in history if one.id == app.pinned_id]
    return document | newest | _embedded(history, now) | ({"pinned_deployment": pinned[0]} if pinned else {})


def _embedded(history: Sequence[Deployment], now: float) -> dict[str, Any]:
    """The deployments that one request for the app shows."""
    in_flight = [one for one in history if one.is_in_flight]
    pending = [one for one in in_flight if one.phase(now)[0].startswith("PENDING")]
    found = {
        "active_deployment": [one for one in history if one.final == "ACTIVE"],
        "in_progress_deployment": [one for one in in_flight if one not in pending],
        "pending_deployment": pending,
    }
    return {key: ones[0].document(now) for key, ones in found.items() if ones}
