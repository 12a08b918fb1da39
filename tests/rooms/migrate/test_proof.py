"""The proof on a real server: green when two ways are equal, red otherwise, and clean afterwards."""

import secrets

import pytest

from afterpush.ground.clock import SystemClock
from afterpush.ground.database import Address
from afterpush.migrate.evidence import Ways
from afterpush.migrate.proof import Proof, prove
from tests.rooms.migrate.samples import BASE, EVERYTHING, OLD, ways


def proof_of(address: Address, case: Ways, *, strict: bool = False) -> Proof:
    return prove(address, case, random_hex=secrets.token_hex, clock=SystemClock(), strict=strict)


@pytest.mark.parametrize(("old", "base"), [(OLD, BASE), (EVERYTHING, "")], ids=["the plan's", "everything"])
def test_two_equal_ways_are_proved_with_all_the_evidence(proving: Address, old: str, base: str) -> None:
    case = ways(old, base=base)
    proof = proof_of(proving, case)
    assert proof.proved, proof.reasons
    assert list(proof.runs) == ["A", "B", "C", "D", "E"]
    assert len({run.hash for run in proof.runs.values()}) == 1
    assert proof.mutations.caught == proof.mutations.tried > 30
    assert proof.crashes.recovered == proof.crashes.points == len(case.new)
    assert proof.rows.kept and proof.rows.tables > 2 and not proof.rows.refused
