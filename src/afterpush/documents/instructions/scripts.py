"""Scripts of npm, pnpm, yarn and bun, held against the package.json files of the repository."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from afterpush.documents.instructions.repository import Facts, Package
from afterpush.documents.instructions.steps import Step
from afterpush.infra.near import near

MANAGERS = ("npm", "pnpm", "yarn", "bun")
_NAME = re.compile(r"[A-Za-z0-9][\w:.-]*")
# What is taken for a script without `run`, by manager.
_SHORT = {
    "npm": ("test", "t", "tst", "start"),
    "pnpm": ("test", "t", "tst", "start"),
    "yarn": ("test",),
    "bun": (),
}
_RUN = ("run", "run-script", "rum", "urn")
_TAKES_VALUE = tuple("--prefix -C --dir --cwd --filter -F --workspace -w --loglevel --reporter".split())
_FOLDERS = ("--prefix", "-C", "--dir", "--cwd")
_WORKSPACES = ("--filter", "-F", "--workspace", "-w")
# pnpm, yarn and bun also run programs of dependencies by their name; none is called like these.
_NEVER_A_PROGRAM = frozenset(
    "lint build dev start test typecheck type-check check format e2e preview clean deploy coverage"
    " validate".split()
)


@dataclass(frozen=True)
class Call:
    """A script by name and where it runs; `is_sure` where the name can be nothing but a script."""

    script: str
    folders: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    is_sure: bool = True


def bad_scripts(step: Step, facts: Facts) -> Iterator[str]:
    """A script that no package.json here has, or not the one of the folder or workspace that is named."""
    call = call_of(step.words) if step.program in MANAGERS else None
    if not call or not facts.packages or not _NAME.fullmatch(call.script) or call.script.isupper():
        return
    for name in call.workspaces:
        if not _in_workspace(name, facts.packages):
            if _NAME.fullmatch(name.rpartition("/")[2]) and not name.startswith("@*"):
                known = [package.name for package in facts.packages if package.name]
                yield f"there is no workspace {name}{near(name, known)}"
            return
    packages = _meant(call, step, facts)
    scripts = {script for package in packages for script in package.scripts}
    if packages and call.script not in scripts and (call.is_sure or _is_slip(call.script, packages)):
        where = (
            f"{packages[0].folder}/package.json"
            if len(packages) == 1 and packages[0].folder
            else "package.json"
        )
        yield f"{where} has no script {call.script}{near(call.script, scripts)}"


def call_of(words: Sequence[str]) -> Call | None:
    """The script that a command of a package manager runs, None for anything else that it does."""
    manager, plain, folders, workspaces = words[0].rpartition("/")[2], [], [], []
    rest = list(words[1:])
    while rest and rest[0] != "--":
        word = rest.pop(0)
        flag, is_given, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif flag in _TAKES_VALUE and not (manager == "pnpm" and flag == "-w"):
            value = value if is_given else rest.pop(0) if rest else ""
            folders += [value] if flag in _FOLDERS else []
            workspaces += [value] if flag in _WORKSPACES else []
    if manager == "yarn" and plain[:1] == ["workspace"] and len(plain) > 2:
        workspaces, plain = [plain[1]], plain[2:]
    if plain[:1] and plain[0] in _RUN and len(plain) > 1:
        is_sure = manager in ("npm", "pnpm") or ":" in plain[1]
        return Call(plain[1], tuple(folders), tuple(workspaces), is_sure)
    if plain and plain[0] in _SHORT[manager]:
        script = "start" if plain[0] == "start" else "test"
        return Call(script, tuple(folders), tuple(workspaces), script == "test")
    if plain and manager in ("pnpm", "yarn") and plain[0] not in _COMMANDS:
        return Call(plain[0], tuple(folders), tuple(workspaces), ":" in plain[0])
    return None


def _is_slip(script: str, packages: Sequence[Package]) -> bool:
    installed = {name.rpartition("/")[2] for package in packages for name in package.dependencies}
    known = {name for package in packages for name in package.scripts}
    return script in _NEVER_A_PROGRAM or (script not in installed and bool(near(script, known, cutoff=0.8)))


def _meant(call: Call, step: Step, facts: Facts) -> list[Package]:
    """The packages that may be meant: the named ones, else that of the folder, else every one."""
    if call.workspaces:
        return [one for name in call.workspaces for one in _in_workspace(name, facts.packages)]
    folders = [posixpath.normpath(posixpath.join(step.folder or "", folder)) for folder in call.folders]
    if step.is_led and not folders:
        folders = [step.folder or "."]
    if any(re.search(r"[$<*~]", folder) for folder in folders):
        return []
    exact = [one for one in facts.packages if (one.folder or ".") in folders]
    return exact if folders else list(facts.packages)


def _in_workspace(name: str, packages: Sequence[Package]) -> list[Package]:
    plain = re.sub(r"^\{?\.{0,3}(?=[@\w])|\.\.\.$|\}$", "", name).removeprefix("./").rstrip("/")
    if re.search(r"[*!$<\[]", plain):
        return list(packages)
    return [
        one
        for one in packages
        if plain in (one.name, one.name.rpartition("/")[2], one.folder) or one.folder.startswith(f"{plain}/")
    ]


_COMMANDS = frozenset(
    "add audit bin build-deps cache config create dedupe deploy dlx doctor env exec explain fetch help i"
    " import info init install"
    " install-test licenses link list ll login logout ls node npm outdated owner pack patch patch-commit"
    " plugin prune"
    " publish rb rebuild remove rm root run search set setup start stop store server tag team test un"
    " uninstall unlink unplug"
    " up update upgrade upgrade-interactive version versions why workspace workspaces global"
    " generate-lock-entry"
    " self-update recursive multi m la ln it ci clean-install approve-builds berry policies"
    " constraints".split()
)
