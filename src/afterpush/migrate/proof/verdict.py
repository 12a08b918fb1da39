"""The verdict of a proof: what speaks against it, when all of its runs are over."""

from afterpush.migrate.proof.report import Proof


def settle(proof: Proof, *, strict: bool, lacking: list[str]) -> None:
    """Proved when no reason speaks against it. `strict` lets names and column orders count.

    `lacking` are the kinds of negative controls that should have been made, and could not be.
    """
    proof.reasons = [
        *_counted(len(proof.unaudited), "statement is unaudited", "statements are unaudited"),
        *_counted(len(proof.invalid), "statement is rejected", "statements are rejected by the server"),
        *_counted(len(proof.differences), "difference", "differences"),
        *_second_class(proof, strict),
        *_controls(proof),
        *(f"no negative control of this kind could be made: {kind}" for kind in lacking),
        *_incomplete(proof),
    ]
    proof.proved = not proof.reasons
    if proof.server:
        said = "old way and new way give" if proof.proved else "that old and new way give"
        proof.claim = f"{said} the same schema, on {proof.server.title}"


def _second_class(proof: Proof, strict: bool) -> list[str]:
    second = len(proof.names) + len(proof.positions) if strict else 0
    return _counted(second, "other name or order (strict)", "other names or orders (strict)")


def _controls(proof: Proof) -> list[str]:
    missed = proof.mutations.tried - proof.mutations.caught
    lost = proof.crashes.points - proof.crashes.recovered
    return [
        *_counted(len(proof.rows.lost), "table lost rows", "tables lost rows"),
        *_counted(missed, "mutation went unnoticed", "mutations went unnoticed"),
        *_counted(lost, "crash was not recovered from", "crashes were not recovered from"),
    ]


def _incomplete(proof: Proof) -> list[str]:
    complete = all(run in proof.runs for run in "ABCD")
    is_explained = proof.invalid or proof.unaudited or any(one.kind == "failure" for one in proof.differences)
    if proof.server and not complete and not is_explained:
        return ["not all of the runs took place"]
    if complete and not proof.mutations.tried and proof.runs["B"].equal:
        return ["the schema is empty: there was nothing to compare"]
    return []


def _counted(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []
