"""The documents of tasks about the repository itself: prompts, docs, app spec, environment."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict


class FileProblem(TypedDict):
    file: Annotated[str, "path in the repository; empty where a problem belongs to no file"]
    line: Annotated[int, "counted from 1; 0 where there is none"]
    message: str


class Prompts(TypedDict):
    written: Annotated[list[str], "prompts that were written, or would be"]
    unchanged: Annotated[int, "how many are as they should be"]
    kept: NotRequired[Annotated[list[str], "prompts written or edited by hand, which stay"]]
    stale: Annotated[list[str], "prompts that no longer say what the roadmap says"]
    reasons: NotRequired[Annotated[dict[str, str], "why each of them is stale, by path"]]
    problems: list[FileProblem]


class External(TypedDict):
    file: Annotated[str, "a page of the site"]
    url: Annotated[str, "what it would fetch from the network"]


class Manual(TypedDict):
    pages: Annotated[int, "pages of the site"]
    stale: Annotated[list[str], "reference pages that were written, or would be"]
    broken: Annotated[list[FileProblem], "links that lead nowhere"]
    warnings: Annotated[list[FileProblem], "what Sphinx warned of"]
    external: list[External]
    site: Annotated[str, "the folder of the site"]
    built: Annotated[bool, "whether the site was built"]


class Documents(TypedDict):
    pages: Annotated[int, "documents that were read"]
    stale: Annotated[list[str], "reference pages that do not say what the code says"]
    broken: Annotated[list[FileProblem], "what is to be corrected: links, commands, instructions"]
    unknown: Annotated[list[FileProblem], "commands of ours that do not exist, alone"]


class SpecProblem(TypedDict):
    path: Annotated[str, "where in the spec, such as services[0].health_check"]
    line: Annotated[int, "counted from 1"]
    severity: Annotated[Literal["error", "warning", "note"], "only an error makes the exit code 1"]
    message: str
    cure: Annotated[str, "what to do"]
    file: Annotated[str, "which spec; empty where there is one"]


class PlatformAnswer(TypedDict):
    cost_per_month: Annotated[float | None, "USD; null when the platform does not say"]
    cost_per_month_now: Annotated[float | None, "USD, of the live spec; null when there is none"]
    name_is_free: Annotated[bool | None, "null for the app itself"]
    suggested_name: Annotated[str | None, "when the name is taken"]
    defaults: Annotated[list[str], "`path: value` of what the platform would add"]


class Validation(TypedDict):
    spec: Annotated[str, "the file"]
    problems: list[SpecProblem]
    platform: Annotated[PlatformAnswer | None, "null when it was not asked, or rejects the spec"]


class Endpoint(TypedDict):
    path: str
    status: Annotated[int | None, "HTTP status; null when nobody answered"]
    milliseconds: Annotated[float | None, "median; null when nobody answered"]
    ready: bool
    degraded: Annotated[bool, "ready, but it says that something is not well"]
    why: Annotated[str, "what the judgement rests on"]
    content_type: Annotated[str | None, "null when there was none"]
    shows_database: Annotated[bool, "whether the answer tells that a database was asked"]
    url: NotRequired[str]
    slowest_milliseconds: NotRequired[Annotated[float | None, "null when nobody answered"]]
    tries: NotRequired[int]
    ready_tries: NotRequired[int]


class HealthCheck(TypedDict):
    spec: Annotated[str | None, "the file; null without one"]
    component: Annotated[str | None, "null without a spec"]
    endpoint: Annotated[Endpoint | None, "null when nothing was asked"]
    others: Annotated[list[Endpoint], "other endpoints that were tried"]
    startup_seconds: Annotated[float | None, "how long a start takes; null when it was not measured"]
    budget_seconds: Annotated[float, "initial delay + period × failure threshold of the recommended check"]
    recommended: Annotated[dict[str, dict[str, Any]], "`health_check` and `liveness_health_check`"]
    reasons: Annotated[dict[str, dict[str, str]], "why, by check and field"]
    current: Annotated[dict[str, Any] | None, "the check that is in the spec; null without one"]
    warnings: list[str]
    diff: Annotated[str, "the change as a unified diff; empty when there is none"]
    would_change: bool
    changed: Annotated[bool, "whether the file was written"]
    applied: Annotated[bool, "whether the live app was changed"]
    note: str


class Tool(TypedDict):
    name: str
    found: bool
    needed: Annotated[bool, "whether this repository needs it"]
    version: Annotated[str | None, "null when it is not there or does not say"]
    path: Annotated[str | None, "null when it is not there"]
    purpose: str


class Credential(TypedDict):
    name: Annotated[str, "a variable; its value is never printed"]
    present: bool
    source: Annotated[str | None, "where it comes from; null when it is not set"]
    purpose: str


class Service(TypedDict):
    name: str
    state: Annotated[
        Literal["ok", "not configured", "misconfigured", "refused", "unreachable", "unusable"], "how it is"
    ]
    configured: bool
    reachable: bool
    milliseconds: Annotated[int | None, "how long its answer took; null without one"]
    target: Annotated[str | None, "its address without secrets; null when none is configured"]
    detail: str


class RepositoryCheck(TypedDict):
    name: str
    ok: bool
    detail: str


class Problem(TypedDict):
    severity: Annotated[Literal["error", "warning"], "only an error makes the exit code 1"]
    what: str
    cure: Annotated[str, "what to do"]
    still_works: Annotated[str, "what still works"]


class Environment(TypedDict):
    tools: list[Tool]
    credentials: list[Credential]
    services: list[Service]
    repository: list[RepositoryCheck]
    problems: list[Problem]


class TrustedItem(TypedDict):
    what: Annotated[str, "a kind of thing that this repository's files can make us run"]
    where: Annotated[str, "file and key"]
    sha256: Annotated[str, "of exactly this part"]
    trusted: bool
    text: Annotated[str, "what would run"]


class Trust(TypedDict):
    trusted: Annotated[bool, "whether your yes covers everything"]
    items: list[TrustedItem]


DOCUMENTS: dict[str, object] = {
    "prompts.regen": Prompts,
    "prompts.check": Prompts,
    "docs.build": Manual,
    "docs.check": Documents,
    "doappspec.validate": Validation,
    "doappspec.healthcheck": HealthCheck,
    "env.check": Environment,
    "env.trust": Trust,
}
