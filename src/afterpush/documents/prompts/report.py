"""What the prompts tasks print, as documents and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from afterpush.documents.manual.documents import DocumentProblem
from afterpush.documents.prompts.regen import Prompt, PromptAction


@dataclass(frozen=True)
class Prompts:
    """The answer of both tasks: what `prompts.regen` did, or what `prompts.check` found."""

    unchanged: Annotated[int, "how many are as they should be"]
    written: Annotated[Sequence[str], "prompts that were written, or would be"] = ()
    kept: Annotated[Sequence[str], "prompts written or edited by hand, which stay"] = ()
    stale: Annotated[Sequence[str], "prompts that no longer say what the roadmap says"] = ()
    reasons: Annotated[Mapping[str, str], "why each of them is stale, by path"] = field(default_factory=dict)
    problems: Sequence[DocumentProblem] = ()

    @property
    def is_good(self) -> bool:
        return not self.stale and not self.problems


def regenerated(prompts: Sequence[Prompt]) -> Prompts:
    """What became of the prompts that were planned."""

    def paths(act: PromptAction) -> list[str]:
        return [prompt.path for prompt in prompts if prompt.act is act]

    return Prompts(
        len(paths(PromptAction.KEEP_UNCHANGED)), paths(PromptAction.WRITE), paths(PromptAction.KEEP_BY_HAND)
    )


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
    done = regenerated(prompts)
    written = f"{len(done.written)} {'to write' if dry_run else 'written'}"
    lines.append(f"{written}, {done.unchanged} unchanged, {len(done.kept)} kept")
    return "\n".join(lines)


def checked_text(found: Prompts) -> str:
    """A line for each stale prompt and each problem, then a sum."""
    lines = [f"{path}: stale: {reason}" for path, reason in found.reasons.items()]
    lines += [f"{entry.file}:{entry.line}: {entry.message}" for entry in found.problems]
    checked = found.unchanged + len(found.stale)
    lines.append(f"{checked} prompts checked: {len(found.stale)} stale, {len(found.problems)} problems")
    return "\n".join(lines)
