"""What is in front of a log's lines: who wrote them, when, through what; and what the line itself says.

    [api] [2025-03-11 09:31:01] │ web:test:  ✓ refuses a guest      api/web:test   " ✓ refuses a guest"
    2025-03-11T09:31:02+00:00 app[web.1]: Error: no such table      web.1          "Error: no such table"
    {"level":50,"msg":"boom","err":{"stack":"Error: boom\\n at x"}}  (none)         "Error: boom: boom"

Task runners (turbo, nx, lerna, pnpm), CI systems, `git push`, BuildKit, compose, kubectl, platforms and
loggers may be one behind the other: prefixes are taken off until none fits. Lines of one writer share a
`stream`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_CLOCK = r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M)?"
_DATE = r"\d{4}[-/]\d\d[-/]\d\d"
# What is in brackets too, and is no name.
_LEVEL = (
    r"(?:error|warn|warning|info|debug|trace|notice|fatal|critical|emerg|err|log|main|build|vite|postcss|plugin"
    r"|sass|css|babel|eslint|esbuild|commonjs|rollup|webpack|hmr)"
)
_SCRIPT = (
    r"(?:build|test|lint|start|dev|serve|check|typecheck|deploy|compile|prepare|install|postinstall|generate"
    r"|migrate)"
)
# After a time stamp a bare word may be the process: only words that processes are named with.
_PROCESS = (
    r"(?:[\w-]*(?:api|web|app|worker|server|service|frontend|backend|job|site|scheduler|cron|hooks)"
    r"(?:-new|-old)?)"
)

# Each may have one named group: who the line is from.
_PREFIXES = (
    rf"\[?{_DATE}(?:[T ]|, ){_CLOCK}\s?(?:Z|UTC|GMT|[A-Z]{{3,4}}(?= )|[+-]\d\d:?\d\d)?\]?:?"
    rf"(?: (?P<process>{_PROCESS})(?= (?!is |was )))?",
    rf"\[\d\d[-/][A-Z][a-z]{{2}}[-/]\d{{4}}[ :]{_CLOCK}(?: [\w+]+)?\]",
    rf"\[{_CLOCK}\]",
    rf"{_CLOCK}:?(?=\s+[\[A-Za-z=>(-]|\s*$)",
    rf"[A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \S+ (?P<unit>[\w.@/-]+)(?:\[\d+\])?:",
    r"\d\d[OE][+ ]",  # GitLab, after its time stamp
    r"(?:app|runner|health|proxy|heroku|router)\[(?P<dyno>[\w.-]+)\](?: [a-z]{3} \[\w+\])?:?",
    r"\[(?P<cell>(?:APP|STG|CELL|API|RTR|SSH|LGR)[\w/.-]*)\]\s+(?:OUT|ERR|STDOUT|STDERR)\b",
    r"(?P<layer>\#\d+)(?: \d+\.\d+)?(?=\s)",  # BuildKit
    r"\d{1,4}\.\d{1,3}(?= \S*[A-Za-z])",
    r"[│┃╭╰├┌└─▌]+(?=\s|$)",
    rf"(?P<doctl>[a-z][\w.-]{{0,40}}+) ++(?={_DATE}T)",
    r"(?P<compose>[a-z][\w.-]{0,40}+) ++\|(?=\s|$)",
    rf"\[(?!{_LEVEL}[\]:-])(?P<bracket>[a-z@][\w@./:-]{{0,60}})\]:?(?=\s|$)",
    r"component (?P<component>[\w.-]{1,60}):",
    r'(?P<step>Step \#\d+)(?: - "[^"]{1,60}")?:',  # Cloud Build
    rf"(?P<turbo>@?[\w.-][\w./@-]*[:\#]{_SCRIPT}[\w:-]*):(?=\s|$)",
    rf"(?P<pnpm>(?:[\w@.-]+/)*[\w@.-]+ {_SCRIPT}[\w:-]*)(?:\$(?= )|:(?=\s))",
    r"(?P<lerna>@[\w.-]+/[\w.-]+):(?=\s)",
    r"remote:(?=\s|$)",
    rf"[^\t\n]{{1,60}}\t[^\t\n]{{1,80}}\t(?={_DATE}T)",  # gh run view --log
    r"\#\#\[(?:error|warning|group|endgroup|section|command|debug)\]",
    r"::(?:error|group)(?: [^:\n]{0,200})?::",
    r"(?:Warning|Normal) {2,}\S+ {2,}\S+(?: \(x\d+ over \w+\))? {2,}[\w-]+(?=\s{2,})",  # kubectl's events
    r"Warning: (?:BackOff|Unhealthy|Failed\w*)(?=: )",
    r"(?:ERROR|WARN|INFO|DEBUG|TRACE)\s+\d+ --- \[[^\]]*\] (?:\[[^\]]*\] )?\S+\s*:(?=\s)",  # Spring Boot
)
_PREFIX = re.compile(rf"\s*+(?:{'|'.join(_PREFIXES)})\s?")
_PRETTY_JSON = re.compile(r'^\s*"(?:textPayload|message|msg|log)": "(.*?)",?$')
_LOGFMT = re.compile(r'^time=\S+ level=(\w+) msg="((?:[^"\\]|\\.)*)"')
_MESSAGES = ("message", "Message", "msg", "textPayload", "log", "event", "@m", "@mt", "RenderedMessage")
_ERRORS = ("exception", "Exception", "err", "error", "stack", "stack_trace", "exc_info", "@x", "jsonPayload")
_LEVELS = ("level", "severity", "LogLevel", "lvl", "@l", "levelname")
_DEEPEST = 3


@dataclass(frozen=True)
class Said:
    """What a line says, and the stream that it belongs to (empty: nobody is named)."""

    stream: str
    text: str
    level: str = ""


def read_line(line: str) -> Said:
    """A line without what is in front of it. Of what carriage returns overwrote, the last is read."""
    if "\r" in line:
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    names: list[str] = []
    at = 0
    while found := _PREFIX.match(line, at):
        if found.lastgroup:
            names.append(found[found.lastgroup])
        at = found.end()
    text = line[at:]
    level = ""
    if text.lstrip().startswith(("{", '"', "time=")):
        level, text = _unwrapped(text)
    return Said("/".join(dict.fromkeys(names)), text, level)


def body(line: str) -> str:
    """What a line says, without what is in front of every line."""
    return read_line(line).text


def _unwrapped(text: str) -> tuple[str, str]:
    """The level and the message of a structured line; the text itself where it is none."""
    if found := _PRETTY_JSON.match(text):
        return "", found[1].replace('\\"', '"').replace("\\n", " ")
    if found := _LOGFMT.match(text):
        return found[1].lower(), found[2].replace('\\"', '"')
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return "", text
    if not isinstance(document, dict):
        return "", text
    message = _first_text(document, _MESSAGES)
    error = _first_text(document, _ERRORS)
    told = ": ".join(dict.fromkeys(part for part in (error, message) if part))
    level = next((str(document[key]).lower() for key in _LEVELS if key in document), "")
    return _PINO.get(level, level), body(told) if told else text


_PINO = {"10": "trace", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal"}


def _first_text(document: dict[str, Any], keys: tuple[str, ...], depth: int = 0) -> str:
    """The first line of the first text under one of the keys, also inside of an object there."""
    for key in keys:
        value = document.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip().split("\n")[0]
        if isinstance(value, dict) and depth < _DEEPEST:
            inner = _first_text(value, ("stack", "message", "msg", *_ERRORS), depth + 1)
            if inner:
                return inner
    return ""
