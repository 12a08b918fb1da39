"""Taking the old steps out of the start script, or saying why they stay."""

from afterpush.migrate.repository import Repository
from afterpush.migrate.start_script import OldStep, without
from afterpush.migrate.target import FileChange, Target


def removal(
    repository: Repository, target: Target, *, proved: bool, why_not: str
) -> tuple[list[OldStep], list[str]]:
    """Which old steps of the start script go, and why the others stay.

    `why_not` is why nothing is proved.
    """
    if not repository.old_steps:
        return [], []
    file = repository.settings.start_script
    reason = why_not if not proved else _unreached(repository, target)
    if reason:
        return [], [f"{file}:{step.first} stays: {reason}" for step in repository.old_steps]
    going = [step for step in repository.old_steps if not step.refusal]
    staying = [step for step in repository.old_steps if step.refusal]
    return going, [f"{file}:{step.first} stays: {step.refusal}; take it out by hand" for step in staying]


def _unreached(repository: Repository, target: Target) -> str:
    """Why the new way would not run; empty when it does, as far as can be seen."""
    if target == "typescript":
        reach = repository.reach
        return f"the boot script is {reach.message}" if reach and reach.called is False else ""
    consolidated = repository.settings.consolidated
    boot = repository.settings.boot_script
    if boot == consolidated or _mentions(repository, consolidated):
        return ""
    return (
        f"nothing runs {consolidated} yet: put `inv migrate.apply` into the start script, then run this again"
    )


def _mentions(repository: Repository, consolidated: str) -> bool:
    files = ["Procfile", "package.json", "Dockerfile", ".do/app.yaml", repository.settings.boot_script or ""]
    texts = [repository.start_text or ""]
    texts += [
        path.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file and (path := repository.root / file).is_file()
    ]
    return any("migrate.apply" in text or consolidated in text for text in texts)


def start_change(repository: Repository, going: list[OldStep]) -> FileChange | None:
    """The start script without these steps."""
    file, text = repository.settings.start_script, repository.start_text
    if not going or file is None or text is None:
        return None
    return FileChange(file, text, without(text, going))
