"""Components and databases: names, sizes and counts, schedules, documents, domains."""

import re
from collections.abc import Iterator

from afterpush.appspec.schema import platform
from afterpush.appspec.spec import AppSpec, SpecComponent, whole
from afterpush.appspec.templates import has_template
from afterpush.appspec.validate.problems import SpecProblem, error, warning

# (name, least, most) of the five fields of cron (crontab(5)); 7 is Sunday too.
_CRON = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_CRON_NAMES = {
    name: number
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "mon tue wed thu fri sat sun")
    for number, name in enumerate(names.split(), 1)
}


def component_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """What the fields of a component say together."""
    yield from _layout_problems(spec)
    yield from _name_problems(spec)
    for component in spec.components:
        yield from _scale_problems(component)
        yield from _schedule_problems(component)
        yield from _document_problems(component)
    for name, node in spec.databases:
        production = node.get("production")
        if production and production.real.value is True and not node.text("cluster_name"):
            message = f"the production database {name} has no cluster_name"
            cure = "add cluster_name: with the name of the existing cluster"
            yield warning(node, message, cure, on=production)
    yield from _domain_problems(spec)


def _layout_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    is_button = "template" in spec.name.rpartition("/")[2]
    if spec.is_template and not is_button and spec.name.endswith((".yaml", ".yml")):
        message = (
            "the spec is wrapped in spec:, which is only for deploy.template.yaml; doctl: unknown field spec"
        )
        yield error(spec.root.key_of("spec"), message, "remove spec: and indent less, or rename the file")
    if not spec.is_template and spec.name.endswith("deploy.template.yaml"):
        message = "a deploy template is wrapped in spec:, and this one is not"
        yield warning(spec.root, message, "put spec: above all of it, and indent the rest")
    sections = [spec.node.get(name) for name in (*platform().components, "databases")]
    if not any(one and (one.children() or not (one.is_null or one.is_sequence)) for one in sections):
        yield error(spec.node, "the spec has no component, so there is nothing to deploy", "add services:")


def _name_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Names are unique over components and databases (godo)."""
    owners: dict[str, str] = {}
    named = [(one.kind, one.name, one.node) for one in spec.components]
    named += [("database", name, node) for name, node in spec.databases if name]
    for kind, name, node in named:
        if name in owners and not has_template(name):
            message = (
                f"the {kind.replace('_', ' ')} and a {owners[name].replace('_', ' ')} have the name {name}"
            )
            yield error(node.at("name"), message, "rename one of them")
        owners[name] = kind


def _scale_problems(component: SpecComponent) -> Iterator[SpecProblem]:
    node, scaling = component.node, component.node.get("autoscaling")
    count, size = node.get("instance_count"), node.text("instance_size_slug") or ""
    if scaling and scaling.is_mapping:
        if count and not count.is_null:
            message = "instance_count is set together with autoscaling, which decides about the count"
            yield warning(count, message, "remove one of them")
        least, most = scaling.get("min_instance_count"), scaling.get("max_instance_count")
        if least and most and whole(least) > whole(most) > 0:
            message = f"min_instance_count {whole(least)} is more than max_instance_count {whole(most)}"
            yield error(scaling, message, "exchange them", on=least)
        if size and not size.startswith(("apps-d-", "professional-")) and not has_template(size):
            message = (
                f"autoscaling on {size}: DigitalOcean describes it for dedicated sizes (apps-d-...) only"
            )
            yield warning(node.at("instance_size_slug"), message, "take apps-d-...")
    if size in platform().single_instance_sizes and (whole(count) > 1 or (scaling and scaling.is_mapping)):
        where = node.at("instance_count" if whole(count) > 1 else "instance_size_slug")
        message = f"{size} does not scale: it runs one instance"
        yield warning(where, message, "take one instance, or a larger size")


def _schedule_problems(component: SpecComponent) -> Iterator[SpecProblem]:
    if component.kind != "job":
        return
    node = component.node
    cron, zone, kind = (
        node.get("schedule", "cron"),
        node.get("schedule", "time_zone"),
        node.text("kind") or "",
    )
    if has_template(kind):
        return
    if node.get("schedule") and kind != "SCHEDULED":
        message = f"the schedule of {component.name} only counts with kind: SCHEDULED"
        yield warning(node.key_of("schedule"), message, "set kind: SCHEDULED, or remove schedule")
    if kind == "SCHEDULED" and not node.text("schedule", "cron"):
        message = f"the scheduled job {component.name} has no schedule.cron"
        where = node.key_of("schedule" if node.get("schedule") else "kind")
        yield error(node.at("schedule"), message, 'add schedule: {cron: "0 3 * * *"}', on=where)
    elif cron and isinstance(cron.real.value, str) and (wrong := cron_fault(cron.real.raw)):
        yield error(cron, f"cron: {wrong}", "write five fields: minute hour day month weekday")
    if zone and isinstance(zone.real.value, str) and not _is_zone(zone.real.raw):
        message = f"time_zone {zone.real.raw} is not in the tz database"
        yield warning(zone, message, "write a name such as Europe/Berlin or UTC")


def cron_fault(text: str) -> str:
    """What is wrong with a cron expression; empty when nothing is."""
    fields = text.split()
    if has_template(text) or re.fullmatch(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)", text):
        return ""
    if len(fields) != len(_CRON):
        return f"it has {len(fields)} fields, not five"
    for field, (name, least, most) in zip(fields, _CRON, strict=True):
        for part in field.split(","):
            span, _, step = part.partition("/")
            ends = [_CRON_NAMES.get(end.lower(), end) for end in span.split("-")]
            numbers = [int(end) for end in ends if str(end).isdecimal()]
            is_any = span in ("*", "?")
            if (not is_any and (len(numbers) != len(ends) or len(ends) > 2)) or (
                step and not step.isdecimal()
            ):
                return f"{name} {part} cannot be read"
            if any(not least <= number <= most for number in numbers) or (step and int(step) < 1):
                return f"{name} {part} is not between {least} and {most}"
            if len(numbers) == 2 and numbers[0] > numbers[1]:
                return f"{name} {part} runs backwards"
    return ""


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    if has_template(name):
        return True
    try:
        ZoneInfo("Europe/Berlin")  # Not every machine has the tz database.
    except (LookupError, OSError):
        return True
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _document_problems(component: SpecComponent) -> Iterator[SpecProblem]:
    node = component.node
    if node.text("catchall_document") and node.text("error_document"):
        message = "catchall_document and error_document exclude each other"
        yield error(node.at("error_document"), message, "keep one of them")


def _domain_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    seen: set[str] = set()
    primaries = 0
    for node in spec.node.children("domains"):
        name = (node.text("domain") or "").lower()
        if name and name in seen:
            yield error(node.at("domain"), f"the domain {name} appears twice", "remove one of them")
        seen.add(name)
        primaries += node.text("type") == "PRIMARY"
        if primaries > 1 and node.text("type") == "PRIMARY":
            message = "a second domain is PRIMARY, and only one may be"
            yield error(node.at("type"), message, "make it an ALIAS")
