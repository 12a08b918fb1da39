"""The phases of a deployment (`apps_deployment_phase.yml` of the published OpenAPI description)."""

from enum import StrEnum


class Phase(StrEnum):
    """A phase that the platform documents; a word that it does not is kept as it is and ends nothing."""

    UNKNOWN = "UNKNOWN"
    PENDING_BUILD = "PENDING_BUILD"
    BUILDING = "BUILDING"
    PENDING_DEPLOY = "PENDING_DEPLOY"
    DEPLOYING = "DEPLOYING"
    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    ERROR = "ERROR"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether the deployment has ended: it is live, was replaced, failed, or was canceled."""
        return self in _FINAL


_FINAL = (Phase.ACTIVE, Phase.SUPERSEDED, Phase.ERROR, Phase.CANCELED)


def phase_of(word: str) -> Phase:
    """The phase that a word of the API means; UNKNOWN for any other."""
    try:
        return Phase(word)
    except ValueError:
        return Phase.UNKNOWN
