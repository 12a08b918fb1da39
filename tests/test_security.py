"""docs/security.md claims nothing without a test, and leaves out nothing that could run."""

import re

from afterpush.infra.configuration.approvals import configured_items
from afterpush.infra.configuration.settings import (
    Commands,
    Documents,
    LockFile,
    Migrate,
    Notify,
    Push,
    Settings,
    Swarm,
)
from tests.support.shared import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 15
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert missing == []


def test_every_command_of_the_configuration_is_on_the_page() -> None:
    everything = Settings(
        push=Push(check="x"),
        documents=Documents(lock_files={"*": LockFile(regenerate=["x"])}),
        migrate=Migrate(server="mysql://u@h/"),
        swarm=Swarm(command="x", check="x", hosts=["x"], scheduler="x"),
        notify=Notify(command=["x"]),
        commands=Commands(variables=["DB_PASS"]),
    )
    names = {item.what for item in configured_items(everything)}
    assert len(names) == 9 and all(f"`{name}`" in PAGE for name in names)
