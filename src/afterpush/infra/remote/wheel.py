"""afterpush itself, to be run on another machine: as a wheel, with the versions of all that it needs.

Run as a program (`python -m afterpush.infra.remote.wheel`) it tells what is installed where it runs.
"""

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import afterpush

NAME = "afterpush"
# A fixed time, so that the same files always make the same wheel.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = b"Wheel-Version: 1.0\nGenerator: afterpush\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Installed:
    """What must be the same on both sides: Python's minor version and our own files."""

    python: str
    files: str


def installed() -> Installed:
    """What runs here."""
    digest = hashlib.sha256()
    for name, content in _files():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return Installed(f"{sys.version_info[0]}.{sys.version_info[1]}", digest.hexdigest()[:16])


def _files() -> Iterator[tuple[str, bytes]]:
    """Every file of the package by its name in the wheel; links to tasks and config are followed."""
    root = Path(afterpush.__file__).parent
    names = [*root.rglob("*"), *(root / "tasks").glob("*"), *(root / "defaults").rglob("*")]
    for path in sorted(set(names)):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{NAME}/{path.relative_to(root).as_posix()}", path.read_bytes()


def wheel() -> tuple[str, bytes]:
    """The name and the bytes of a wheel of what runs here, also where it is installed as editable."""
    own = metadata.distribution(NAME)
    folder = f"{NAME}-{own.version}.dist-info"
    files = {
        **dict(_files()),
        f"{folder}/METADATA": (own.read_text("METADATA") or "").encode(),
        f"{folder}/entry_points.txt": (own.read_text("entry_points.txt") or "").encode(),
        f"{folder}/WHEEL": _WHEEL,
    }
    record = f"{folder}/RECORD"
    files[record] = "".join(f"{name},,\n" for name in [*files, record]).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return f"{NAME}-{own.version}-py3-none-any.whl", written.getvalue()


def constraints() -> str:
    """The version of everything that is installed here, in pip's form for `--constraint`."""
    found = {
        entry.name: entry.version for entry in metadata.distributions() if entry.name and entry.name != NAME
    }
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if "+" not in version)


if __name__ == "__main__":
    print(json.dumps(asdict(installed())))
