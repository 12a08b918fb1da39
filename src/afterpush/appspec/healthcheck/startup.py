"""How long a start of the app takes, and who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from afterpush.infra.clock import duration

# Without a measured start this much is asked for: small apps start in a few seconds, apps that migrate a
# database at the start in about a minute.
SHORT_BUDGET_SECONDS: Final = 60


@dataclass(frozen=True)
class Startup:
    """How long a start takes. Not `is_exact`: a bound, from whole deployments that contain a start."""

    seconds: float
    told_by: str
    is_exact: bool = True

    @property
    def target_seconds(self) -> float:
        """The budget to aim for: a start may take twice as long on a small or busy machine, or 30 s more."""
        doubled = 2 * self.seconds if self.is_exact else 0
        return max(doubled, self.seconds + 30, SHORT_BUDGET_SECONDS)

    @property
    def least_seconds(self) -> float:
        """The smallest budget that is not changed: the target, less what two measurements may differ by."""
        raised = max(1.8 * self.seconds, self.seconds + 25) if self.is_exact else self.seconds
        return max(raised, SHORT_BUDGET_SECONDS)

    def __str__(self) -> str:
        takes = "takes" if self.is_exact else "takes at most"
        return f"a start {takes} {duration(self.seconds)} {self.told_by}"


def startup_of(
    told_seconds: float | None, followed_seconds: float | None, deploying_seconds: Sequence[float]
) -> Startup | None:
    """How long a start takes: as given, else as measured, else at most as long as DEPLOYING ever lasted."""
    if told_seconds is not None:
        return Startup(told_seconds, "(from --startup-seconds)")
    if followed_seconds is not None:
        return Startup(
            followed_seconds, "(measured from the first refused connection to the first ready answer)"
        )
    if deploying_seconds:
        number = len(deploying_seconds)
        told_by = f"(the longest DEPLOYING of the last {number} live deployment{'s' * (number > 1)})"
        return Startup(max(deploying_seconds), told_by, is_exact=False)
    return None
