"""The report for people: plain, aligned, the problems last."""

from collections.abc import Sequence

from afterpush.environment.report import Problem, Report, Service, Tool
from afterpush.infra.console import table


def report_text(report: Report) -> str:
    """All of it as lines."""
    tools = [(tool.name, _tool(tool), tool.path or "") for tool in report.tools]
    credentials = [
        (each.name, f"set ({each.source})" if each.present else "-", each.purpose)
        for each in report.credentials
    ]
    services = [(each.name, each.state.value, _time(each), _about(each)) for each in report.services]
    repository = [(each.name, "ok" if each.ok else "!", each.detail) for each in report.repository]
    parts = [
        _section("Tools", tools),
        _section("Variables (values are never shown)", credentials),
        _section("Services", services),
        _section("Repository", repository),
        _problems(report.problems),
    ]
    return "\n\n".join(parts)


def _section(title: str, rows: Sequence[Sequence[str]]) -> str:
    aligned = table(rows[0], rows[1:]) if rows else ""
    return "\n".join([title, *(f"  {line}" for line in aligned.splitlines())])


def _tool(tool: Tool) -> str:
    if not tool.found:
        return "missing" if tool.needed else "not there, not needed"
    return tool.version or "version unknown"


def _time(service: Service) -> str:
    return "-" if service.milliseconds is None else f"{service.milliseconds} ms"


def _about(service: Service) -> str:
    return f"{service.target}: {service.detail}" if service.target else service.detail


def _problems(problems: Sequence[Problem]) -> str:
    if not problems:
        return "No problems."
    lines = [f"Problems: {len(problems)}"]
    for problem in problems:
        lines += [
            f"  {problem.severity.value.upper()}: {problem.what}",
            f"    cure:        {problem.cure}",
            f"    still works: {problem.still_works}",
        ]
    return "\n".join(lines)
