"""A simulated App Platform for tests and the demo: it speaks the published API, on loopback, with state.

`FakePlatform` is the model (a clock goes in, documents come out), `serve` puts it behind HTTP.
"""

from afterpush.simulator.api.server import serve
from afterpush.simulator.faults import Fault
from afterpush.simulator.model import FakePlatform
from afterpush.simulator.scenario import Plan

__all__ = ["FakePlatform", "Fault", "Plan", "serve"]
