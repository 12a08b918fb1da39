"""Does the process listen where the platform asks? What the spec and the Dockerfile show of that."""

import re
from collections.abc import Callable, Iterator

from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.appspec.validate.problems import SpecProblem, warning
from afterpush.appspec.yaml_tree import Node

# `--port 3000`, `--port=3000`, `-p 3000`, `--bind 0.0.0.0:8000`, `-b :8000`, `PORT=3000 node x`, `--host=::`.
_FLAG = re.compile(
    r"(?:^|\s)(?:(?:--(?:http-|server[.-])?port|-Dserver\.port|--listen|--bind|--addr(?:ess)?|--http|--urls|-[plb])"
    r"[= ]\s*|PORT=)[\"']?(?:(?:tcp://|https?://)?[\w.*+-]+:|\[[0-9a-f:]*\]:|:)?(?P<port>[0-9]{2,5})\b",
)
_RUNSERVER = re.compile(r"\brunserver\s+(?:[\w.]+:)?(?P<port>[0-9]{2,5})\b")
_LOOPBACK = re.compile(
    r"(?:--?(?:host(?:name)?|H|bind|b|address|addr|listen|l|ip|interface|urls)[= ]\s*|\brunserver\s+|HOST=)"
    r"[\"']?(?:tcp://|https?://)?(?P<host>127\.0\.0\.1|localhost|\[?::1\]?)(?=[:\s\"']|$)",
)
# The commands of a line; `2>&1` and what is quoted separate none, and a pipe or `||` ends no server.
_COMMAND = re.compile(r"(?:[^&;\n\"'<>]|&(?<=[<>]&)|[<>]|\"(?:\\.|[^\"\\])*\"|'[^']*')+", re.DOTALL)
_SHELL = re.compile(r"(?:exec\s+)?(?:\S*/)?(?:ba|da|z)?sh\s+-\w*c\s+([\"'])(?P<line>.*)\1\s*", re.DOTALL)
_ASSIGNED = re.compile(r"\b(?:PORT|HOST)=\S+")
_EXPOSE = re.compile(r"^[ \t]*EXPOSE[ \t]+(?P<ports>[0-9][0-9 \t\r/tcpud]*)$", re.IGNORECASE | re.MULTILINE)


def port_problems(spec: AppSpec, dockerfile: Callable[[str], str | None]) -> Iterator[SpecProblem]:
    """`dockerfile` gives the text of a file of the repository, None where there is none."""
    for component in spec.services():
        yield from _command_problems(component)
        yield from _variable_problems(spec, component)
        yield from _expose_problems(component, dockerfile)


def _command_problems(component: SpecComponent) -> Iterator[SpecProblem]:
    command = component.node.get("run_command")
    if command is None or not isinstance(command.real.value, str):
        return
    text = _server(command.real.value)
    if found := _LOOPBACK.search(text):
        message = f"{component.name} listens on {found['host']}, which only its own container reaches"
        yield warning(
            command, message, "listen on 0.0.0.0: the health check and the ingress come from outside"
        )
    if found := _FLAG.search(text) or _RUNSERVER.search(text):
        yield from _differs(component, command, int(found["port"]), "the run command listens on")


def _server(line: str) -> str:
    """The command that stays, which is the last, behind what is assigned on the way to it.

    `pg_isready -h 127.0.0.1 -p 5432 && PORT=80 node x` asks port 5432, and listens on 80.
    """
    if inner := _SHELL.fullmatch(line.strip()):
        return _server(inner["line"])
    commands = [one.strip() for one in _COMMAND.findall(line) if one.strip()] or [line]
    return " ".join([*(found for one in commands[:-1] for found in _ASSIGNED.findall(one)), commands[-1]])


def _variable_problems(spec: AppSpec, component: SpecComponent) -> Iterator[SpecProblem]:
    own = next((one for one in component.variables if one.key == "PORT"), None)
    wide = next((one for one in spec.own_variables if one.key == "PORT"), None)
    for variable in [one for one in (own or wide,) if one]:
        if variable.text.isdecimal():
            where = variable.value or variable.node
            yield from _differs(component, where, int(variable.text), "PORT says")


def _expose_problems(
    component: SpecComponent, dockerfile: Callable[[str], str | None]
) -> Iterator[SpecProblem]:
    node = component.node.get("dockerfile_path")
    path = component.node.text("dockerfile_path")
    text = dockerfile(path) if path else None
    ports = [
        int(port)
        for line in (_EXPOSE.findall(text) if text else [])
        for port in re.findall(r"\b[0-9]{2,5}\b(?!/udp)", line)
    ]
    if node and ports and component.http_port not in ports:
        yield from _differs(component, node, ports[0], f"{path} exposes")


def _differs(component: SpecComponent, where: Node, port: int, who: str) -> Iterator[SpecProblem]:
    internal = {item.real.value for item in component.node.children("internal_ports")}
    if port == component.http_port or port in internal:
        return
    told = "http_port is" if component.node.get("http_port") else "without http_port the platform asks port"
    message = f"{who} {port}, but {told} {component.http_port}: the check asks where nobody listens"
    yield warning(where, message, f"set http_port: {port}, or listen on {component.http_port}")
