"""Shell text as its simple commands: what a reader of prompts must not take for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.text.shell import commands_in


def words(text: str) -> list[list[str]]:
    return [command.words for command in commands_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inv a 2>/dev/null", [["inv", "a"]]),
        ("inv a &>out.txt &", [["inv", "a"]]),
        ("inv a > out.txt 2>&1 | less", [["inv", "a"], ["less"]]),
        ("A=1 B='x y' git push", [["git", "push"]]),
        ("git push \\\n  --force", [["git", "push", "--force"]]),
        ("if ! inv a; then inv b; fi", [["inv", "a"], ["inv", "b"]]),
        ("x=$(inv a --b)", [[], ["inv", "a", "--b"]]),
        ('echo "it is $(inv a)"', [["echo", "it is $(inv a)"], ["inv", "a"]]),
        ("echo `inv a`", [["echo", "`inv a`"], ["inv", "a"]]),
        ("diff <(ls a) <(ls b)", [["diff"], ["ls", "a"], ["ls", "b"]]),
        ("echo $((1<<2)) ${x:-$(y)}\nls", [["echo", "$((1<<2))", "${x:-$(y)}"], ["y"], ["ls"]]),
        ("# git push -f\nls # -f\necho a#b", [["ls"], ["echo", "a#b"]]),
        ("git commit -m 'two\nlines; git push -f'", [["git", "commit", "-m", "two\nlines; git push -f"]]),
        ("git switch <task-id>-fix", [["git", "switch", "<task-id>-fix"]]),
        ("sort <in >out", [["sort"]]),
        ("echo 'never ends\ngit push", [["echo"]]),
        ("cat <<EOF\ngit push -f\nEOF\nls", [["cat"], ["ls"]]),
        ("cat <<EOF | sh\ngit push -f\nEOF", [["cat"], ["sh"], ["git", "push", "-f"]]),
        ("ssh host <<'EOF'\ninv a\nEOF", [["ssh", "host"], ["inv", "a"]]),
    ],
)
def test_the_commands_of_a_text(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


def test_lines_are_counted_through_quotes_heredocs_and_substitutions() -> None:
    text = "a 'x\ny'\nb <<E\nbody\nE\nc=$(\n  d\n)\ne \\\n  f\ng"
    assert {command.program: command.line for command in commands_in(text)} == {
        "a": 0, "b": 2, "d": 6, "": 5, "e": 8, "g": 10,
    }  # fmt: skip


def test_a_heredoc_with_its_command_its_target_and_its_quotes() -> None:
    quoted, plain, endless = (
        command.heredocs[0]
        for command in commands_in("cat >a.md <<'X'\n1\nX\ncat <<-X\n\t2\n\tX\ncat <<X\n3\n X")
    )
    assert (quoted.is_quoted, quoted.body, quoted.line, quoted.is_closed) == (True, "1", 1, True)
    assert (plain.is_quoted, plain.body, plain.is_closed) == (False, "2", True)
    assert (endless.body, endless.is_closed) == ("3", False)
    assert commands_in("cat >a.md <<'X'\n1\nX\n")[0].outputs == ["a.md"]


@given(st.text(alphabet="ab \n\t\r'\"\\$`;|&()<>{}#=-!é", max_size=60))
def test_no_text_makes_it_fail_or_go_on_for_ever(text: str) -> None:
    for command in commands_in(text):
        assert 0 <= command.line <= text.count("\n")
