"""urllib3, loaded without what it would only need for HTTP/2, which nobody here switches on.

Its module `urllib3.http2` takes `version` from importlib.metadata when it is loaded, and calls it only where
HTTP/2 is asked for. With what that module pulls in (zipfile, csv, tempfile, shutil) it costs 1.3 MB of a
monitor's memory.
"""

import sys
from types import ModuleType

_UNNEEDED = "importlib.metadata"


def _version(name: str) -> str:
    from importlib import metadata

    return metadata.version(name)


def _stand_in() -> ModuleType:
    made = ModuleType(_UNNEEDED)
    made.version = _version  # type: ignore[attr-defined]
    return made


_is_loaded = _UNNEEDED in sys.modules
if not _is_loaded:
    sys.modules[_UNNEEDED] = _stand_in()
try:
    import urllib3 as urllib3
finally:
    if not _is_loaded:
        del sys.modules[_UNNEEDED]
