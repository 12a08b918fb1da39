"""Writing the recommendation into the repository's spec, and nothing else."""

from dataclasses import replace
from pathlib import Path

from afterpush.appspec.healthcheck.checked_edit import set_block
from afterpush.appspec.healthcheck.report import HealthcheckReport, SpecChange
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, write_atomic

SAID_ALREADY = "nothing to change: the spec says this already"


def written(found: HealthcheckReport, path: Path, *, with_liveness: bool, dry_run: bool) -> HealthcheckReport:
    """Puts the recommended values into the component's blocks in `path`; the findings with what became of it.

    Raises AfterpushError when the edit cannot be proved to change nothing else.
    """
    assert found.spec is not None and found.component is not None
    if found.recommendation.refusal:
        return replace(found, outcome=SpecChange(note=found.recommendation.refusal))
    name, before = found.spec.name, _exactly(path)
    text, diffs = before, []
    for block, check in _blocks(found, with_liveness).items():
        drop = {"path"} if "http_path" in check else set()
        edited = set_block(text, name, found.component.where, block, check, drop)
        text = edited.text
        diffs += [edited.diff] * edited.changed
    is_changed = text != before
    if is_changed and not dry_run:
        try:
            write_atomic(path, text)
        except OSError as error:
            raise AfterpushError(f"writing {name}: {error.strerror}; nothing was written") from error
    note = SAID_ALREADY if not is_changed else "" if dry_run else f"{name} is changed"
    diff = "\n".join(diffs)
    outcome = SpecChange(diff=diff, would_change=is_changed, changed=is_changed and not dry_run, note=note)
    return replace(found, outcome=outcome)


def _blocks(found: HealthcheckReport, with_liveness: bool) -> dict[str, dict[str, int | str]]:
    blocks = {"health_check": found.recommendation.readiness.values}
    if with_liveness:
        blocks["liveness_health_check"] = found.recommendation.liveness.values
    return blocks


def checks_of(found: HealthcheckReport, with_liveness: bool) -> dict[str, dict[str, int | str]]:
    """The blocks to change, with their values. Raises AfterpushError when no endpoint was seen ready."""
    if found.recommendation.refusal:
        raise AfterpushError(found.recommendation.refusal)
    return _blocks(found, with_liveness)


def _exactly(path: Path) -> str:
    """The text with its byte order mark and line endings."""
    try:
        return read_bytes(path, limit=4 << 20).decode("utf-8")
    except OSError as error:
        raise AfterpushError(f"reading {path}: {error.strerror}") from error
