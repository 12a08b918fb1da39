"""What the tasks print, as text."""

from collections.abc import Sequence

from afterpush.appspec.validate.problems import Severity, SpecProblem


def problem_text(problems: Sequence[SpecProblem], name: str) -> str:
    """A line for each problem with its cure below, in the form that editors can jump to; then the sum."""
    lines = [
        f"{problem.file}:{problem.line}: {problem.severity.value}: {problem.path}: {problem.message}\n"
        f"    {problem.cure}"
        for problem in problems
    ]
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    return "\n".join([*lines, f"{name}: {_count(errors, 'error')}, {_count(warnings, 'warning')}"])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
