"""The first push wins, expired claims are taken over, and a lost claim is noticed."""

import itertools
from pathlib import Path

from afterpush.swarm.claims import PREFIX, Claim, Claimant, Claims, Held, parse_claim, read_claims
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
    assert read_claims(repository.path, "origin")["A-001"].clone == "two"


def test_a_renewed_claim_outlives_its_first_expiry(repository: Repository, clock: FakeClock) -> None:
    first = claims(repository, "one", clock)
    held = first.acquire("A-001")
    assert isinstance(held, Held)
    clock.time += 60
    first.renew_all()
    clock.time += 60
    assert isinstance(claims(repository.another_clone("b"), "two", clock).acquire("A-001"), Claim)
    first.release(held)
    assert read_claims(repository.path, "origin") == {}


def test_a_restarted_manager_of_the_same_clone_takes_its_claim_over(
    repository: Repository, clock: FakeClock
) -> None:
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)


def test_a_claim_that_is_released_while_it_is_read_is_free(
    repository: Repository, clock: FakeClock, tmp_path: Path
) -> None:
    other = repository.another_clone("b")
    assert isinstance(claims(repository, "one", clock).acquire("A-001"), Held)
    serve = tmp_path / "serve"  # The claim goes as soon as the refs have been listed for the first time.
    serve.write_text(
        f"#!/bin/sh\ngit-upload-pack {repository.remote}\n"
        f"git --git-dir={repository.remote} update-ref -d {PREFIX}A-001\n"
    )
    serve.chmod(0o755)
    other.git("config", "remote.origin.uploadpack", str(serve))
    assert isinstance(claims(other, "two", clock).acquire("A-001"), Held)


def test_a_claim_that_nobody_can_read_counts_as_expired() -> None:
    assert parse_claim("sha", "A-001", "Claim A-001\n\nno json").expires_at == 0
