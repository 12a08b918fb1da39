"""Templates are data of the repository: they reach nothing, and end."""

from pathlib import Path

import pytest

from afterpush.documents.prompts.rendering import render_all
from afterpush.documents.prompts.template import find_template
from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Refused

VARIABLES: list[dict[str, object]] = [{"task": {"id": "T-1", "title": "First"}}]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ (cycler|attr('__init__')|attr('__globals__'))['os'].environ }}",
        "{{ joiner.__init__.__globals__['__builtins__']['__import__']('os').system('touch x') }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(task) }}",
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{{ 'x'.center(9000000000) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_reaches_nothing_and_ends(text: str) -> None:
    with pytest.raises(AfterpushError, match=r"the template t\.j2") as raised:
        render_all(text, "t.j2", {}, VARIABLES)
    assert raised.value.exit_code == 2


def test_what_templates_are_for_goes_on() -> None:
    loop = "{% for word in task.title.split() %}{{ word|upper }}{% endfor %}"
    text = loop + " {{ '%s'|format(task.id) }} {% include 'p.j2' %}"
    assert render_all(text, "t.j2", {"p.j2": "part of {{ task.id }}"}, VARIABLES) == ["FIRST T-1 part of T-1"]


def test_no_variable_of_ours_is_there_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "mine-0123456789")
    with pytest.raises(AfterpushError) as raised:
        render_all("{{ self.__init__.__globals__ }}{{ environ }}", "t.j2", {}, VARIABLES)
    assert "mine-" not in str(raised.value)


@pytest.mark.parametrize("path", ["../mine.j2", "config/prompts/task.md.j2"])
def test_a_template_from_outside_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "mine.j2").write_text("private")
    root = tmp_path / "app"
    (root / "config" / "prompts").mkdir(parents=True)
    (root / "config" / "prompts" / "task.md.j2").symlink_to("../../../mine.j2")
    with pytest.raises(Refused):
        find_template(root, path, tmp_path)
