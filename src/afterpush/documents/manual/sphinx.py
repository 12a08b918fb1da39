"""Running Sphinx: a site without any network, every warning an error."""

import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from afterpush.documents.manual.documents import DocumentProblem
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run

NEEDED = ("sphinx", "myst_parser", "furo")
LIMIT_SECONDS = 600
# Style that GitHub shows without complaint, and links, which are checked with their lines before.
TOLERATED = [
    "myst.header",
    "myst.strikethrough",
    "misc.highlighting_failure",
    "myst.xref_missing",
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
code.literal .flag { white-space: nowrap; }
table.docutils p, table.docutils li, table.docutils code.literal { overflow-wrap: normal; }
.sidebar-brand-text, .mobile-header .header-center { overflow-wrap: anywhere; }
"""


# A browser breaks `--json` after a dash, and a reader copies half of it.
_FLAG = re.compile(r'<span class="pre">(?=--?[\w-]{1,24}(?:=\w{1,8})?</span>)')


def require_sphinx() -> None:
    """Raises AfterpushError when the extra `docs` is not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AfterpushError(
            f"building the manual: {', '.join(missing)} not installed; install afterpush with its extra: "
            f"pip install '/path/to/afterpush[docs]' (in a clone: AFTERPUSH_EXTRAS=docs ./inv docs.build)"
        )


def build_site(
    sources: Path, output: Path, title: str, documents: Mapping[str, str]
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
    options = ["-b", "html", "-W", "--keep-going", "-q", "--no-color", "-d", str(sources / ".trees")]
    words = [sys.executable, "-P", "-m", "sphinx", *options, str(sources), str(output)]
    done = run(words, cwd=sources, timeout_seconds=LIMIT_SECONDS)
    problems = list(_problems(done.error_text, sources, documents))
    for page in output.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(_FLAG.sub('<span class="pre flag">', text), encoding="utf-8")
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


def _problems(said: str, sources: Path, documents: Mapping[str, str]) -> Iterator[DocumentProblem]:
    for line in said.splitlines():
        if found := _WARNING.match(line):
            path = Path(found["file"])
            page = path.relative_to(sources).as_posix() if path.is_relative_to(sources) else found["file"]
            yield DocumentProblem(documents.get(page[:-3], page), int(found["line"] or 1), found["said"])
        elif found := _ANY_WARNING.match(line):
            yield DocumentProblem("", 0, found["said"])
