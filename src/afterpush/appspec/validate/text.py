"""What the tasks print, as text."""

from collections.abc import Sequence

from afterpush.appspec.validate.problems import PlatformAnswer, Severity, SpecProblem


def problem_text(problems: Sequence[SpecProblem], name: str, platform: PlatformAnswer | None = None) -> str:
    """A line for each problem with its cure below, in the form that editors can jump to; then the sum."""
    lines = [
        f"{problem.file}:{problem.line}: {problem.severity.value}: {problem.path}: {problem.message}\n"
        f"    {problem.cure}"
        for problem in problems
    ]
    counts = {severity: sum(one.severity is severity for one in problems) for severity in Severity}
    told = [_count(counts[Severity.ERROR], "error"), _count(counts[Severity.WARNING], "warning")]
    told += [_count(counts[Severity.NOTE], "note")] * bool(counts[Severity.NOTE])
    return "\n".join([*lines, f"{name}: {', '.join(told)}", *_platform_lines(platform)])


def _platform_lines(platform: PlatformAnswer | None) -> list[str]:
    if platform is None:
        return []
    now = platform.cost_per_month_now
    cost, before = platform.cost_per_month, f" (now {now:g})" if now is not None else ""
    lines = ["the platform accepts it" + (f": {cost:g} USD a month{before}" if cost is not None else "")]
    if platform.defaults:
        lines.append(f"it would add: {', '.join(platform.defaults)}")
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
