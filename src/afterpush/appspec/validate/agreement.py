"""Several specs in one repository: which there are, and where they say different things."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from afterpush.appspec.schema import platform
from afterpush.appspec.spec import AppSpec, SpecComponent, parse_spec
from afterpush.appspec.templates import has_template
from afterpush.appspec.validate.problems import SpecProblem, warning
from afterpush.appspec.yaml_tree import Node, plain, same
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes

_FOLDERS = (".do", ".", "deploy", "deployment", "infra", "config")
_ENDINGS = (".yaml", ".yml")
_LARGEST_BYTES = 1_000_000
_CHECKS = ("health_check", "liveness_health_check")
_COMPARED = (*_CHECKS, *"http_port run_command build_command dockerfile_path source_dir".split())
# What differs by intention between the environments of one app.
_OF_AN_ENVIRONMENT = ("instance_size_slug", "instance_count")
_COMPARED_SOURCE = ("repo",)
_SOURCE_OF_AN_ENVIRONMENT = ("branch", "deploy_on_push")
_ENVIRONMENT = re.compile(
    r"(?:^|[._-])(?:stag(?:e|ing)|prod(?:uction)?|dev(?:elopment)?|test(?:ing)?|qa|uat|preview|review|sandbox|demo|ci)"
    r"(?:[._-]|$)",
    re.IGNORECASE,
)


def other_specs(root: Path, own: Path) -> list[AppSpec]:
    """The other app specs of the repository at `root`, by name; what is none or unreadable is passed over."""
    files = [
        path for folder in _FOLDERS for path in sorted((root / folder).glob("*")) if path.suffix in _ENDINGS
    ]
    return [
        spec
        for path in files
        if path.resolve() != own.resolve() and (spec := _spec_of(path, path.relative_to(root).as_posix()))
    ]


def _spec_of(path: Path, name: str) -> AppSpec | None:
    try:
        spec = parse_spec(read_bytes(path, limit=_LARGEST_BYTES).decode("utf-8-sig"), name)
    except (AfterpushError, UnicodeDecodeError, OSError):
        return None
    # Compose files have services too, but as a mapping; pipelines have jobs without an app's name.
    is_app = any((section := spec.node.get(key)) and section.is_sequence for key in platform().components)
    return spec if is_app and spec.app_name else None


def disagreements(spec: AppSpec, others: Sequence[AppSpec]) -> Iterator[SpecProblem]:
    """Where another spec of the same app says something else about a component: only one can be the truth.

    Another name is another app, and staging may be smaller and built from another branch than production.
    """
    for other in others:
        if other.app_name != spec.app_name:
            continue
        is_one = not any(_ENVIRONMENT.search(one.name.rpartition("/")[2]) for one in (spec, other))
        for component in spec.components:
            twin = _twin(component, spec, other)
            if twin:
                yield from _differences(component, twin, other, is_one)


def _twin(component: SpecComponent, spec: AppSpec, other: AppSpec) -> SpecComponent | None:
    """The same component there: by kind and name, else the only one of its kind on both sides."""
    same_kind = [twin for twin in other.components if twin.kind == component.kind]
    named = [twin for twin in same_kind if twin.name == component.name]
    only = len(same_kind) == 1 == sum(own.kind == component.kind for own in spec.components)
    return named[0] if named else same_kind[0] if only else None


def _differences(
    component: SpecComponent, twin: SpecComponent, other: AppSpec, is_one_environment: bool
) -> Iterator[SpecProblem]:
    for field in _COMPARED + _OF_AN_ENVIRONMENT * is_one_environment:
        yield from _difference(component, twin, other, field, component.node.get(field), twin.node.get(field))
    sources, twins = component.sources, twin.sources
    if len(sources) != 1 or len(twins) != 1 or sources[0].host != twins[0].host:
        return
    for field in _COMPARED_SOURCE + _SOURCE_OF_AN_ENVIRONMENT * is_one_environment:
        own, theirs = sources[0].node.get(field), twins[0].node.get(field)
        yield from _difference(component, twin, other, f"{sources[0].host}.{field}", own, theirs)


def _difference(
    component: SpecComponent,
    twin: SpecComponent,
    other: AppSpec,
    field: str,
    own: Node | None,
    theirs: Node | None,
) -> Iterator[SpecProblem]:
    if any(node and has_template(str(plain(node))) for node in (own, theirs)):
        return
    if same(_effective(component.kind, field, own), _effective(component.kind, field, theirs)):
        return
    place = f"line {theirs.line}" if theirs else "not at all"
    shown = _shown(own, theirs, _defaults(field))
    yield warning(
        component.node.at(*field.split(".")),
        f"{field} of {component.name} is not what {other.name} says ({place}){shown}",
        f"keep one spec, or make {other.name} agree",
    )


def _effective(kind: str, field: str, node: Node | None) -> Any:
    """What the platform makes of it: a number that is left out is its default."""
    value = plain(node) if node else None
    if isinstance(value, dict):
        return _defaults(field) | value
    known = platform().shapes[kind].get(field)
    return known.default if known and value is None else value


def _defaults(field: str) -> dict[str, Any]:
    fields = platform().shapes.get(field, {})
    return {name: known.default for name, known in fields.items() if known.default is not None}


def _shown(own: Node | None, theirs: Node | None, defaults: Mapping[str, Any]) -> str:
    """Both values where they are short and can be no secret: numbers, truth values, checks."""
    sides = [plain(node) if node else None for node in (own, theirs)]
    if any(isinstance(side, str) for side in sides):
        return ""
    keys = [key for side in sides if isinstance(side, dict) for key in side]
    if keys:
        maps = [side if isinstance(side, dict) else {} for side in sides]
        effective = [{**defaults, **side} if side else side for side in maps]
        differing = [key for key in dict.fromkeys(keys) if not same(*(side.get(key) for side in effective))]
        told = (
            f"{key} {_short(maps[0].get(key))} here, {_short(maps[1].get(key))} there" for key in differing
        )
        return f": {'; '.join(told)}"
    return f": {_short(sides[0])} here, {_short(sides[1])} there"


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "unset" if value is None else str(value)
