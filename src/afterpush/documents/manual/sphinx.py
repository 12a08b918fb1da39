"""Running Sphinx: a site without any network, every warning an error."""

import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from afterpush.documents.manual.documents import DocumentProblem, Tree
from afterpush.documents.manual.links_in_text import anchors_in
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run

NEEDED = ("sphinx", "myst_parser", "furo")
LIMIT_SECONDS = 600
# Style that GitHub shows without complaint.
TOLERATED = [
    "myst.header",
    "myst.strikethrough",
    "misc.highlighting_failure",
    "image.not_readable",
    "download.not_readable",
]
_WARNING = re.compile(
    r"^(?P<file>[^:\n]+\.md):(?:(?P<line>\d+):)? (?:WARNING|ERROR|CRITICAL|SEVERE): (?P<said>.+)$"
)
_ANY_WARNING = re.compile(r"^(?:WARNING|ERROR|CRITICAL): (?P<said>.+)$")
_CONFIGURATION = """\
# Written by afterpush for one build.
project = {title!r}
extensions = ["myst_parser"]
source_suffix = {{".md": "markdown"}}
root_doc = "index"
html_theme = "furo"
html_title = {title!r}
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
html_extra_path = ["_extra"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
smartquotes = False
myst_heading_anchors = 6
myst_enable_extensions = ["tasklist", "strikethrough"]
myst_title_to_header = True
suppress_warnings = {tolerated!r}
pygments_style = "default"
pygments_dark_style = "github-dark"


def setup(app):
    # Documents are data: no directive reads a file that was not staged (docutils, "Deploying Securely").
    off = {{"file_insertion_enabled": False}}
    app.connect("env-before-read-docs", lambda app, env, names: env.settings.update(off))
"""
# Long names of keys, flags and files break anywhere rather than widen a phone's page.
_NARROW = """\
h1, h2, h3, h4, p, li, dd, code.literal { overflow-wrap: anywhere; }
code.literal .pre { display: inline-block; max-width: 100%; }
table.docutils p, table.docutils li, table.docutils code.literal { overflow-wrap: normal; }
.sidebar-brand-text, .mobile-header .header-center { overflow-wrap: anywhere; }
"""
# An anchor written in HTML is known to the browser, and not to MyST.
_UNKNOWN_PLACE = re.compile(r"cross-reference target not found: '#?([^']*)'")


def require_sphinx() -> None:
    """Raises AfterpushError when the extra `docs` is not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AfterpushError(
            f"building the manual: {', '.join(missing)} not installed; install afterpush with its extra: "
            f"pip install '/path/to/afterpush[docs]' (in a clone: AFTERPUSH_EXTRAS=docs ./inv docs.build)"
        )


def build_site(
    sources: Path, output: Path, tree: Tree, title: str, documents: Mapping[str, str]
) -> list[DocumentProblem]:
    """Builds the staged `sources` into `output`; returns what Sphinx warned of, by document.

    `documents` are the documents of the pages, by page name. Raises AfterpushError when Sphinx ended without
    saying why in a warning.
    """
    (sources / "conf.py").write_text(
        _CONFIGURATION.format(title=title, tolerated=TOLERATED), encoding="utf-8"
    )
    (sources / "_static").mkdir()
    (sources / "_static" / "narrow.css").write_text(_NARROW, encoding="utf-8")
    _offer_linked_files(sources)
    options = ["-b", "html", "-q", "--no-color", "-d", str(sources / ".trees")]
    words = [sys.executable, "-P", "-m", "sphinx", *options, str(sources), str(output)]
    done = run(words, cwd=sources, timeout_seconds=LIMIT_SECONDS)
    problems = list(_problems(done.error_text, sources, tree, documents))
    if done.code != 0 and not problems:
        raise AfterpushError(
            f"building the manual: Sphinx says: {done.error_text[-400:] or done.text[-400:]}"
        )
    return problems


def _offer_linked_files(sources: Path) -> None:
    """What HTML in a document names by its path is served from that path."""
    extra = sources / "_extra"
    extra.mkdir()
    linked = sources / "_linked"
    if linked.is_dir():
        (extra / "_linked").symlink_to(linked)


def _problems(
    said: str, sources: Path, tree: Tree, documents: Mapping[str, str]
) -> Iterator[DocumentProblem]:
    for line in said.splitlines():
        if found := _WARNING.match(line):
            path = Path(found["file"])
            page = path.relative_to(sources).as_posix() if path.is_relative_to(sources) else found["file"]
            document = documents.get(page[:-3], page)
            place = _UNKNOWN_PLACE.search(found["said"])
            if not place or place[1] not in anchors_in(tree.documents.get(document, "")):
                yield DocumentProblem(document, int(found["line"] or 1), found["said"])
        elif found := _ANY_WARNING.match(line):
            yield DocumentProblem("", 0, found["said"])
