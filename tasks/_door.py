"""What all doors share: the one error boundary, the app repository, and numbers from flags."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke import Exit, task

from afterpush.ground.errors import AfterpushError, ExitCode

if TYPE_CHECKING:
    from afterpush.ground.config import Environment
    from afterpush.ground.settings import Settings
    from afterpush.ground.state import StateFolder

Body = Callable[..., ExitCode | int | None]


def door(*, help: dict[str, str] | None = None, **options: Any) -> Callable[[Body], Any]:
    """Makes a task of a function: its return value is the exit code (None is 0).

    An AfterpushError becomes one line on stderr and its exit code; with `--json` also the document
    `{"error", "exit_code"}` on stdout. Ctrl-C exits with 130, and so does what `interruptible` makes of other
    signals. Anything else is a bug and keeps its traceback.
    """

    def make(body: Body) -> Any:
        @functools.wraps(body)
        def opened(context: Any, *arguments: Any, **flags: Any) -> None:
            from afterpush.ground.console import note, print_json, tolerate_any_encoding
            from afterpush.ground.signals import Interrupted

            tolerate_any_encoding()
            try:
                code = body(context, *arguments, **flags)
                sys.stdout.flush()
            except AfterpushError as error:
                message = " ".join(_redacted(str(error)).split())
                note(f"afterpush: {message}")
                if flags.get("json"):
                    print_json({"error": message, "exit_code": int(error.exit_code)})
                code = error.exit_code
            except (KeyboardInterrupt, Interrupted):
                note("afterpush: interrupted")
                code = ExitCode.INTERRUPTED
            except BrokenPipeError:
                # The reader went away (`| head`): silence the flush at exit, and end as it would.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                code = ExitCode.GOOD
            if code:
                raise Exit(code=int(code))

        return task(opened, help=help or {}, auto_shortflags=False, **options)

    return make


def _redacted(message: str) -> str:
    from afterpush.ground.config import read_environment

    try:
        environment = site().environment
    except AfterpushError:
        environment = read_environment(None)
    return environment.redactor()(message)


@contextmanager
def afterwards(what: str) -> Iterator[None]:
    """What follows a result that stands: an AfterpushError in it is told on stderr and changes nothing."""
    from afterpush.ground.console import note

    try:
        yield
    except AfterpushError as error:
        note(f"afterpush: {what}: {_redacted(str(error))}")


class Site:
    """The app repository that a task acts on, its settings and variables, each read on first use."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo

    @functools.cached_property
    def root(self) -> Path:
        """The main worktree's root: configuration and `.env` are read there."""
        from afterpush.ground.git import main_worktree

        return main_worktree(self.repo)

    @functools.cached_property
    def settings(self) -> "Settings":
        from afterpush.ground.config import load_settings

        return load_settings(self.root)

    @functools.cached_property
    def environment(self) -> "Environment":
        from afterpush.ground.config import read_environment

        return read_environment(self.root)

    @functools.cached_property
    def state(self) -> "StateFolder":
        from afterpush.ground.state import state_folder

        return state_folder(self.repo, self.settings.deploy.state_dir)


def site() -> Site:
    """The repository of the current folder, or `AFTERPUSH_REPO`. Raises AfterpushError outside of one."""
    from afterpush.ground.git import top_level

    named = os.environ.get("AFTERPUSH_REPO")
    folder = Path(named).expanduser() if named else Path.cwd()
    if not folder.is_dir():
        raise AfterpushError(f"AFTERPUSH_REPO is {named}, which is no folder; correct or unset it")
    return Site(top_level(folder))


def site_if_any() -> Site | None:
    """The same, or None outside of a repository: for tasks that need none."""
    try:
        return site()
    except AfterpushError:
        if os.environ.get("AFTERPUSH_REPO"):
            raise
        return None


def number(text: str | None, flag: str, *, default: float | None = None, least: float = 0) -> float | None:
    """The value of a numeric flag. Raises AfterpushError naming the flag."""
    if text is None or text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise AfterpushError(f"{flag}={text}: expected a number of at least {least:g}")
    return value


def whole_number(text: str | None, flag: str, *, default: int, least: int = 0) -> int:
    """The value of a flag that counts. Raises AfterpushError naming the flag."""
    value = number(text, flag, default=default, least=least)
    if value is None or value != int(value):
        raise AfterpushError(f"{flag}={text}: expected a whole number of at least {least}")
    return int(value)
