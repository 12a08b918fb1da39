"""A simulated App Platform for tests and the demo: it speaks the published API, on loopback, with state.

`FakePlatform` is the model (a clock goes in, documents come out), `serve` puts it behind HTTP. It has the
requests that afterpush makes, and those with which deployments are made and canceled.
"""

from afterpush.simulator.api.server import serve
from afterpush.simulator.model import FakePlatform
from afterpush.simulator.scenario import Plan

__all__ = ["FakePlatform", "Plan", "serve"]
