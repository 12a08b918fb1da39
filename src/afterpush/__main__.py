"""The console script, and `python -m afterpush`. Clients start the server and the gate again and again: both
go past Invoke and the tasks, which take longer to load than a gate takes.
"""

import os
import sys

from afterpush.infra.errors import AfterpushError


def main() -> None:
    """Runs the program with the arguments of the process."""
    task, *flags = sys.argv[1:] or [""]
    if task == "agents.gate" and all(flag.startswith("--target=") for flag in flags):
        from afterpush.workflows.agents.gate import gate_at_stdin

        gate_at_stdin(os.environ, "".join(flags[-1:]).removeprefix("--target="))
    elif task == "agents.serve" and set(flags) <= {"--allow-push"}:
        _serve(allow_push=bool(flags))
    else:
        from afterpush.program import main as run

        run()


def _serve(*, allow_push: bool) -> None:
    from afterpush.workflows.agents.tools import serve_here

    try:
        serve_here(allow_push=allow_push)
    except AfterpushError as error:
        print(f"afterpush: {error}", file=sys.stderr)
        sys.exit(int(error.exit_code))


if __name__ == "__main__":
    main()
