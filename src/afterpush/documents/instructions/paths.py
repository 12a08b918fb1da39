"""Paths and globs that instructions name, held against the files of the repository.

Much that looks like a path is none here: an example, an output, a module of a package, a file to be made. So
a missing one counts only if something tells what is right, or if a command would read it.
"""

import posixpath
import re
from collections.abc import Iterator

from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Finding, Step
from afterpush.infra.globs import matches
from afterpush.infra.near import nearest
from afterpush.text.markdown import Code, code_in, parted, tokens_of

_PATH = re.compile(r"(?:\.{1,2}/)?(?:[\w.@-]+/)+[\w.@-]*\.[A-Za-z][A-Za-z0-9]{0,5}")
_MADE_UP = re.compile(
    r"foo|bar\b|baz|example|sample|your|my[-_A-Z]|xxx|yyy|placeholder|some[-_]?|path/to|template"
    r"|feature[-_]?name|/new|NNN|YYYY|1234|/X\b|/Y\b|\.{3}"
    r"|^(?:dist|build|out|target|coverage|node_modules|tmp|logs?|data|output|site|vendor|generated|\.next"
    r"|\.venv)/|/(?:dist|build|node_modules|generated)/",
    re.IGNORECASE,
)
_NOT_THERE_YET = re.compile(
    r"\b(?:creat\w+|add(?:s|ed|ing)?|new|writ\w+|generat\w+|output\w*|produc\w+|sav\w+|e\.?g\b|example"
    r"|such as|like|will|would|if (?:it |they )?(?:exist|present)|exists?|optional\w*|instead|renam\w+"
    r"|mov\w+|remov\w+|delet\w+|was|were|old|legacy|deprecated|former\w*|previous\w*|never|not|no longer"
    r"|don|ignor\w+|gitignored|local\w*|copy|download\w*|install\w*|emit\w*|import\w*|upstream|namin\w+"
    r"|or|otherwise|either|convention)\b|→|->|…",
    re.IGNORECASE,
)
# Pointing to a file says that it is there.
_POINTING = re.compile(
    r"\b(?:see|read|consult|refer to|follow\w*|(?:described|documented|defined|explained|listed|located"
    r"|found) in|lives? in)(?: the| also)?[\s:*]*$",
    re.IGNORECASE,
)
_IMPORT = re.compile(r"(?<![\w@/`.])@(?P<path>(?:\.{1,2}/)?[\w.-]+(?:/[\w.-]+)*\.mdc?)\b")
_ANY = r".*"
_SCRIPT = r".*\.[mc]?[jt]sx?"
# What programs read, by the form of the operand.
_READERS = {
    **dict.fromkeys("cat source . less head tail chmod cp".split(), _ANY),
    **dict.fromkeys("bash sh zsh".split(), r".*\.sh"),
    **dict.fromkeys("python python3".split(), r".*\.py"),
    **dict.fromkeys("node tsx ts-node deno bun".split(), _SCRIPT),
    "pytest": r".*\.py(?:::.*)?",
}


def bad_paths_of_steps(step: Step, facts: Facts) -> Iterator[str]:
    """A file that a command would read and that is not there."""
    if step.command.heredocs or not step.words:
        return
    first, words = step.words[0], step.words[1:]
    operands = [word for word in words if not word.startswith("-")]
    if (first.startswith("./") and "/" in first[2:]) or re.fullmatch(r"\./[\w-]+\.(?:sh|py)", first):
        operands = [first]
    elif step.program not in _READERS or "-m" in words or "-c" in words:
        return
    else:
        operands = [word for word in operands if re.fullmatch(_READERS[step.program], word)][:1]
    for path in (word.partition("::")[0] for word in operands):
        is_path = _PATH.fullmatch(path) or re.fullmatch(r"(?:\./)?[\w-]+\.(?:sh|py|js|ts)", path)
        if is_path and not _MADE_UP.search(path) and not _is_there(path, step.folder or "", facts):
            moved = _moved(path, facts)
            if moved or _is_begun(path, facts):
                yield f"{path} does not exist" + (f"; did you mean {moved}?" if moved else "")


def bad_paths_of_code(text: str, document: str, facts: Facts) -> Iterator[Finding]:
    """Inline code that names a file which has another name or another folder by now, or a glob without a
    file."""
    here = posixpath.dirname(document)
    for code in code_in(text):
        if code.is_block or _NOT_THERE_YET.search(" ".join([code.before, code.after, *code.under[-1:]])):
            continue
        path = re.sub(r":\d+(?:-\d+)?$|#L\d+.*$", "", code.text)
        if _PATH.fullmatch(path) and not _MADE_UP.search(path) and not _is_there(path, here, facts):
            moved = _moved(path, facts) if _is_begun(path, facts) else None
            if moved:
                yield Finding(code.line, f"{path} does not exist; did you mean {moved}?")
            elif (
                _POINTING.search(code.before) and posixpath.dirname(posixpath.normpath(path)) in facts.folders
            ):
                yield Finding(code.line, f"{path} does not exist")
        elif _is_glob(code) and not any(
            matches(one, path) or matches(one, posixpath.join(here, path)) for one in facts.files
        ):
            base = posixpath.dirname(path.partition("*")[0] + "x")
            beside = [one for one in facts.folders if one.count("/") == base.count("/")]
            close = nearest(base, beside, 0.8) if base and base not in facts.folders else None
            if close:
                yield Finding(code.line, f"no file matches {path}; did you mean {close}{path[len(base) :]}?")


def bad_imports(text: str, document: str, facts: Facts) -> Iterator[Finding]:
    """Files that `@path` takes into CLAUDE.md, AGENTS.md and their like, and that are not there."""
    for token in tokens_of(text):
        for child in token.children or ():
            for found in _IMPORT.finditer(child.content if child.type == "text" else ""):
                if not _is_there(found["path"], posixpath.dirname(document), facts):
                    yield Finding(
                        (token.map or [0])[0] + 1, f"the import @{found['path']}: it does not exist"
                    )


def bad_rule_globs(text: str, document: str, facts: Facts) -> Iterator[Finding]:
    """The globs in the front matter of rules (Cursor's `globs`, Copilot's `applyTo`), which no file
    matches."""
    for found in re.finditer(
        r"^(?:globs|applyTo|paths):[ \t]*(?P<globs>\S.*)$", parted(text)[0], re.MULTILINE
    ):
        line = text.count("\n", 0, found.start()) + 1
        for glob in re.split(r",\s*(?![^{]*\})", found["globs"].strip("[]\"' ")):
            glob = glob.strip("\"' ")
            if (
                "/" in glob
                and not glob.startswith("**")
                and not any(matches(one, glob) for one in facts.files)
            ):
                yield Finding(line, f"no file matches {glob}: this rule never applies")


def _is_glob(code: Code) -> bool:
    return bool(re.fullmatch(r"[\w.@-]+/[\w.@/*{},-]*\*[\w.@/*{},-]*", code.text)) and not _MADE_UP.search(
        code.text
    )


def _is_there(path: str, folder: str, facts: Facts) -> bool:
    """Whether it is below the folder, the root, or any other: what is named may be relative to a package."""
    for base in (folder, ""):
        whole = posixpath.normpath(posixpath.join(base, path))
        if whole in facts.files or whole in facts.folders or (facts.root / whole).exists():
            return True
    plain = posixpath.normpath(path).lstrip("./")
    return any(file.endswith(f"/{plain}") for file in facts.files) or plain in facts.files


def _is_begun(path: str, facts: Facts) -> bool:
    """Whether the first folder of a path is one of the repository."""
    first = posixpath.normpath(path).partition("/")
    return not first[1] or first[0] in facts.folders


def _moved(path: str, facts: Facts) -> str | None:
    """The one file of the same name elsewhere, or the one that is nearly called so in the same folder."""
    plain = posixpath.normpath(path)
    folder, name = posixpath.split(plain)
    same = [file for file in facts.files if posixpath.basename(file) == name]
    if len(same) == 1:
        return same[0]
    beside = [file for file in facts.files if posixpath.dirname(file) == folder]
    stem = posixpath.splitext(plain)[0]
    twins = [file for file in beside if posixpath.splitext(file)[0] == stem]
    return twins[0] if len(twins) == 1 else nearest(plain, beside, cutoff=0.93)
