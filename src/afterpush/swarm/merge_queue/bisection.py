"""The smallest set of branches that fails: bisection, and what to do when no half fails alone.

red: A B C D E F G H           run 1, the batch
  green: A B C D               run 2, so the fault is among E F G H
    green: E F                 run 3, so among G H
      red: G                   run 4: G fails alone
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Member = TypeVar("Member")
Members = tuple[Member, ...]


def smallest_failing(
    members: Sequence[Member],
    suspects: Sequence[Member],
    is_red: Callable[[Members[Member]], bool],
    check_again: Callable[[], bool],
) -> Members[Member]:
    """The members without which the rest is green, in their order; empty when the red did not come again.

    Looked for among the `suspects` first: the others were green before. `is_red` tells of each subset, and
    may raise to say that this is not known yet: asked again with more known, the same questions come in the
    same order. `check_again` asks for all members a second time.
    """
    whole, one = tuple(members), _halved(tuple(suspects), is_red)
    if one and one != whole and is_red(one):
        return one
    if not check_again():
        return ()
    if len(whole) == 1:
        return whole
    found = _together((), whole, is_red)
    return found if is_red(found) else whole  # A check that changes its mind: at least one of them goes.


def _halved(members: Members[Member], is_red: Callable[[Members[Member]], bool]) -> Members[Member]:
    """The only culprit, if there is only one: what is not in the green half is in the other."""
    while len(members) > 1:
        half = len(members) // 2
        members = members[:half] if is_red(members[:half]) else members[half:]
    return members


def _together(
    given: Members[Member], members: Members[Member], is_red: Callable[[Members[Member]], bool]
) -> Members[Member]:
    """A minimal part of `members` that is red with `given` (QuickXplain, Junker 2004).

    A and D fail together: A B is green, so something of C D belongs to it, given A B: D. Then, given D,
    something of A B: A.
    """
    if len(members) == 1:
        return members
    left, right = members[: len(members) // 2], members[len(members) // 2 :]
    if is_red(given + left):
        return _together(given, left, is_red)
    later = _together(given + left, right, is_red)
    if is_red(given + later):
        return later
    return _together(given + later, left, is_red) + later
