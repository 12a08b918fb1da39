"""Instruction files held against the repository: documents -> code in Markdown -> steps -> a table of
checkers."""

import re
from collections.abc import Callable, Iterator, Mapping

from afterpush.documents.instructions import (
    contradictions,
    git_steps,
    paths,
    scripts,
    targets,
    variables,
    waiting,
)
from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Finding, Step, steps_in
from afterpush.infra.time_limit import reading

# What names something that is not there. A warned-of step may name anything.
_OF_NAMES: tuple[Callable[[Step, Facts], Iterator[str]], ...] = (
    scripts.bad_scripts,
    targets.bad_targets,
    targets.bad_recipes,
    targets.bad_modules,
    targets.bad_console_scripts,
    paths.bad_paths_of_steps,
)
_OF_WORK: tuple[Callable[[Step, Facts], Iterator[str]], ...] = (git_steps.bad_git_steps,)
# A person ends these with a key.
_OF_AGENTS: tuple[Callable[[Step, Facts], Iterator[str]], ...] = (
    waiting.waiting,
    waiting.polling,
    git_steps.asking_git_steps,
)
_SHARED = re.compile(
    r"\b(?:other|several|multiple|many|parallel|concurrent|two|all) (?:\w+ )?(?:agents|sessions|people"
    r"|developers|workers)\b[^.]{0,80}"
    r"\b(?:same|this|shared?|one|single) (?:\w+ )?(?:tree|checkout|worktree|working|directory|folder"
    r"|clone|copy|repo)|\bshared (?:work(?:ing)?[ -]?)?(?:tree|checkout|directory|copy|clone)\b",
    re.IGNORECASE,
)


def findings(documents: Mapping[str, str], facts: Facts, agents: frozenset[str]) -> dict[str, list[Finding]]:
    """What is wrong, by document; those of `agents` are read by programs, the others by people as well."""
    is_shared = any(_SHARED.search(text) for text in documents.values())
    found = {}
    for path, text in documents.items():
        with reading(path, len(text)):
            found[path] = list(_in_document(path, text, facts, path in agents, is_shared))
    for path, more in variables.bad_variables(documents, facts).items():
        found[path] += more
    told = {path: text for path, text in documents.items() if path in agents}
    for path, line, message in contradictions.contradictions(told, facts):
        found[path].append(Finding(line, message))
    return {
        path: sorted(dict.fromkeys(ones), key=lambda one: one.line) for path, ones in found.items() if ones
    }


def _in_document(path: str, text: str, facts: Facts, for_agents: bool, is_shared: bool) -> Iterator[Finding]:
    of_work = [*_OF_WORK, *(_OF_AGENTS if for_agents else ()), *([_adds_everything] if is_shared else ())]
    for step in steps_in(text):
        if not step.is_forbidden:
            is_here = step.folder is not None and (not step.is_led or step.folder in ("", *facts.folders))
            for checker in [*(_OF_NAMES if is_here else ()), *of_work]:
                for message in checker(step, facts):
                    yield Finding(step.line, message)
    yield from paths.bad_paths_of_code(text, path, facts)
    if for_agents:
        yield from paths.bad_rule_globs(text, path, facts)
        yield from paths.bad_imports(text, path, facts)


def _adds_everything(step: Step, facts: Facts) -> Iterator[str]:
    """`git add -A` where several work in one tree: it takes the others' half-made changes with it."""
    if step.is_told and step.words[:2] == ("git", "add") and {"-A", "--all", "."} & set(step.words[2:]):
        yield f"{' '.join(step.words)} commits what others are changing in this tree; name your own files"
