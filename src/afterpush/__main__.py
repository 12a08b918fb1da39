"""The console script, and `python -m afterpush`. The gate goes past Invoke and the tasks: they cost it half
of its time.
"""

import os
import sys


def main() -> None:
    """Runs the program with the arguments of the process."""
    words = sys.argv[1:]
    if words[:1] == ["agents.gate"] and all(word.startswith("--target=") for word in words[1:]):
        from afterpush.workflows.agents.gate import gate

        answer = gate(sys.stdin.buffer.read().decode("utf-8", "replace"), os.environ)
        if answer.out:
            print(answer.out)
        if answer.note:
            print(answer.note, file=sys.stderr)
        return
    from afterpush.program import main as run

    run()


if __name__ == "__main__":
    main()
