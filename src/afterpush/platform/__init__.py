"""A simulated App Platform for tests and the demo: it speaks the published API, on loopback, with state.

`FakePlatform` is the model (a clock goes in, documents come out), `serve` puts it behind HTTP.
"""

from afterpush.platform.faults import Fault
from afterpush.platform.model import FakePlatform
from afterpush.platform.scenario import Plan
from afterpush.platform.server import serve

__all__ = ["FakePlatform", "Fault", "Plan", "serve"]
