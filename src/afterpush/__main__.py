"""The console script, and `python -m afterpush`. Clients start the server and the gate again and again: both
go past Invoke and the tasks, which take longer to load than a gate takes.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from afterpush.infra.errors import AfterpushError

_MOCK = "unittest.mock"


def main() -> None:
    """Runs the program with the arguments of the process."""
    task, *flags = sys.argv[1:] or [""]
    if task == "agents.gate" and all(flag.startswith("--target=") for flag in flags):
        from afterpush.workflows.agents.gate import gate_at_stdin

        gate_at_stdin(os.environ, "".join(flags[-1:]).removeprefix("--target="))
    elif task == "agents.serve" and set(flags) <= {"--allow-push"}:
        _serve(allow_push=bool(flags))
    else:
        with _mock_on_demand():
            from afterpush.program import main as run

        run()


@contextmanager
def _mock_on_demand() -> Iterator[None]:
    """What imports `Mock` in the block gets one that loads `unittest.mock` when it is called.

    Invoke imports it for its MockContext, which is for tests, and with it asyncio: a quarter of a short task.
    Any other name of the module brings the module itself.
    """
    if _MOCK in sys.modules:
        yield
        return
    stand_in: Any = ModuleType(_MOCK)
    stand_in.Mock = _new_mock
    stand_in.__getattr__ = _of_the_real_one
    sys.modules[_MOCK] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_MOCK) is stand_in:
            del sys.modules[_MOCK]


def _of_the_real_one(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    del sys.modules[_MOCK]
    return getattr(import_module(_MOCK), name)


def _new_mock(*words: Any, **names: Any) -> Any:
    from unittest.mock import Mock

    return Mock(*words, **names)


def _serve(*, allow_push: bool) -> None:
    from afterpush.workflows.agents.tools import serve_here

    try:
        serve_here(allow_push=allow_push)
    except AfterpushError as error:
        print(f"afterpush: {error}", file=sys.stderr)
        sys.exit(int(error.exit_code))


if __name__ == "__main__":
    main()
