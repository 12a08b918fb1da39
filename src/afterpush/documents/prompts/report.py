"""What the prompts tasks print, as documents and as text."""

from collections.abc import Sequence
from typing import Any

from afterpush.documents.prompts.check import PromptsReport
from afterpush.documents.prompts.regen import Prompt, PromptAction


def regenerated(prompts: Sequence[Prompt]) -> dict[str, Any]:
    """The document of `prompts.regen`: `unchanged` is a count, `kept` are those written by hand."""
    return {
        "written": [prompt.path for prompt in prompts if prompt.act is PromptAction.WRITE],
        "unchanged": sum(prompt.act is PromptAction.KEEP_UNCHANGED for prompt in prompts),
        "kept": [prompt.path for prompt in prompts if prompt.act is PromptAction.KEEP_BY_HAND],
        "stale": [],
        "problems": [],
    }


def regenerated_text(prompts: Sequence[Prompt], *, dry_run: bool, adopt: bool) -> str:
    """A line for each prompt that is written or kept, the diffs where somebody's text would go, a sum."""
    if not prompts:
        return "the roadmap has no tasks; prompts.roadmap in config/afterpush.yaml names the documents"
    lines = []
    verb = "would write" if dry_run else "wrote"
    for prompt in prompts:
        if prompt.act is PromptAction.WRITE:
            lines.append(f"{verb} {prompt.path}")
            if prompt.before is not None and (dry_run or adopt):
                lines.append(prompt.diff().rstrip("\n"))
        elif prompt.act is PromptAction.KEEP_BY_HAND:
            lines.append(f"kept {prompt.path}: written or edited by hand (--adopt takes it over)")
    document = regenerated(prompts)
    written = f"{len(document['written'])} {'to write' if dry_run else 'written'}"
    lines.append(f"{written}, {document['unchanged']} unchanged, {len(document['kept'])} kept")
    return "\n".join(lines)


def checked_document(found: PromptsReport) -> dict[str, Any]:
    """The document of `prompts.check`: `stale` are paths, `reasons` say why each one is."""
    return {
        "written": [],
        "unchanged": found.checked - len(found.stale),
        "stale": [entry.file for entry in found.stale],
        "reasons": {entry.file: entry.reason for entry in found.stale},
        "problems": [
            {"file": entry.file, "line": entry.line, "message": entry.message} for entry in found.problems
        ],
    }


def checked_text(found: PromptsReport) -> str:
    """A line for each stale prompt and each problem, then a sum."""
    lines = [f"{entry.file}: stale: {entry.reason}" for entry in found.stale]
    lines += [f"{entry.file}:{entry.line}: {entry.message}" for entry in found.problems]
    lines.append(f"{found.checked} prompts checked: {len(found.stale)} stale, {len(found.problems)} problems")
    return "\n".join(lines)
