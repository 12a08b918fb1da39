"""Writing the recommendation: whole or not at all."""

import resource
from pathlib import Path

import pytest

from afterpush.appspec.healthcheck.apply import written
from afterpush.appspec.healthcheck.recommendation import recommend
from afterpush.appspec.healthcheck.report import HealthcheckReport
from afterpush.appspec.healthcheck.startup import startup_of
from afterpush.appspec.spec import read_spec
from afterpush.infra.errors import AfterpushError
from tests.appspec.specs import SOUND


def test_a_disk_that_takes_nothing_more_leaves_the_spec_whole(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(SOUND)
    spec = read_spec(path, "app.yaml")
    startup = startup_of(500, None, [])
    component = spec.components[0]
    found = HealthcheckReport(None, None, startup, spec, component, recommend(None, startup, spec, component))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(AfterpushError, match="nothing was written"):
            written(found, path, with_liveness=False, dry_run=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == SOUND
    assert [entry.name for entry in tmp_path.iterdir()] == ["app.yaml"]
    assert written(found, path, with_liveness=False, dry_run=False).outcome.changed
