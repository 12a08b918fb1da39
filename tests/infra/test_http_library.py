"""How urllib3 is loaded."""

import subprocess
import sys

SCRIPT = """
import sys
import afterpush.infra.http
assert "importlib.metadata" not in sys.modules and "zipfile" not in sys.modules
import urllib3.http2
from importlib.metadata import version
assert version("urllib3") == urllib3.__version__ == urllib3.http2.version("urllib3")
"""


def test_what_only_http2_needs_is_not_loaded_and_can_still_be_had() -> None:
    subprocess.run([sys.executable, "-P", "-c", SCRIPT], check=True)
