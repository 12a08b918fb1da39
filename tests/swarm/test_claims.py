"""The first push wins, expired claims are taken over, and a lost claim is noticed."""

import itertools

from afterpush.swarm.claims import Claim, Claimant, Claims, Held, parse_claim, read_claim
from tests.support.clock import FakeClock
from tests.support.repositories import Repository

TOKENS = itertools.count()


def claims(repository: Repository, clone: str, clock: FakeClock, seconds: float = 100) -> Claims:
    claimant = Claimant(clone, "box", 1)
    return Claims(repository.path, "origin", claimant, clock, seconds, lambda: str(next(TOKENS)))


def test_the_second_claimant_is_told_who_was_first(repository: Repository, clock: FakeClock) -> None:
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)
    refused = claims(repository.another_clone("b"), "two", clock).acquire("A-001")
    assert isinstance(refused, Claim) and refused.clone == "one"


def test_an_expired_claim_is_taken_over_and_its_holder_notices(
    repository: Repository, clock: FakeClock
) -> None:
    first = claims(repository, "one", clock)
    held = first.acquire("A-001")
    assert isinstance(held, Held)
    clock.time += 101
    assert isinstance(claims(repository.another_clone("b"), "two", clock).acquire("A-001"), Held)
    first.renew_all()
    assert held.lost.is_set()
    first.release(held)
    there = read_claim(repository.path, "origin", "A-001")
    assert there and there.clone == "two"


def test_a_renewed_claim_outlives_its_first_expiry(repository: Repository, clock: FakeClock) -> None:
    first = claims(repository, "one", clock)
    held = first.acquire("A-001")
    assert isinstance(held, Held)
    clock.time += 60
    first.renew_all()
    clock.time += 60
    assert isinstance(claims(repository.another_clone("b"), "two", clock).acquire("A-001"), Claim)
    first.release(held)
    assert read_claim(repository.path, "origin", "A-001") is None


def test_a_restarted_manager_of_the_same_clone_takes_its_claim_over(
    repository: Repository, clock: FakeClock
) -> None:
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)


def test_a_claim_that_nobody_can_read_counts_as_expired() -> None:
    assert parse_claim("sha", "A-001", "Claim A-001\n\nno json").expires_at == 0
