"""Taking the old steps out of the start script, or saying why they stay."""

from afterpush.migrate.boot_script.start_script import OldStep
from afterpush.migrate.repository import Repository
from afterpush.migrate.statements.sources import text_of


def removal(
    repository: Repository, target: str, *, proved: bool, why_not: str
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


def _unreached(repository: Repository, target: str) -> str:
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
    texts += [text_of(repository.root, file) for file in files]
    return any("migrate.apply" in text or consolidated in text for text in texts)
