"""`.env.example` names every variable that the code reads."""

import re

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.secrets import TOKENS
from tests.support.shared import ROOT

READ = re.compile(r'(?:environment|environ|variables)\.(?:get|secret)\(\s*"([A-Z][A-Z0-9_]+)"')
NOT_OURS = {
    "HOME",
    "PATH",
    "TERM",
    "CI",
    "USER",
    "SHELL",
    "LANG",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "PYTHON",
    "EDITOR",
}
BETWEEN_OUR_PROCESSES = re.compile(r"AFTERPUSH_[A-Z_]+")


def test_every_variable_that_is_read_is_documented() -> None:
    example = (ROOT / ".env.example").read_text()
    sources = [*(ROOT / "src" / "afterpush").rglob("*.py"), *(ROOT / "tasks").glob("*.py")]
    read = {name for path in sources for name in READ.findall(path.read_text())} | {*TOKENS}
    missing = {
        name
        for name in read - NOT_OURS
        if not re.search(rf"\b{name}\b", example) and not BETWEEN_OUR_PROCESSES.fullmatch(name)
    }
    assert {"DB_PASS", "DB_HOST", "HEALTH_URL"} <= read
    assert not {name for name in missing if not name.startswith("GIT_")}


def test_the_example_is_a_readable_dotenv_with_empty_values() -> None:
    environment = read_environment(ROOT / "docs", {})
    text = (ROOT / ".env.example").read_text()
    assigned = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert assigned == ["DIGITALOCEAN_TOKEN="] and environment.get("DIGITALOCEAN_TOKEN") == ""
