"""What kind of file it is decides: markers, binary content, lock files, JSON, and plain git for the rest."""

import json

import pytest

from afterpush.conflicts.document import markdown
from afterpush.conflicts.kinds.file_kinds import Kind, kind_of, kind_of_text
from afterpush.conflicts.merge import Merged, has_markers, merge_document
from afterpush.infra.configuration.settings import Documents, LockFile
from afterpush.infra.git.merge_file import merge_file
from afterpush.infra.globs import matches
from tests.support.conflicts import DEFAULTS, ROADMAP, merge

MARKED = "# R\n\n<<<<<<< a\none\n=======\ntwo\n>>>>>>> b\n"


def merged(
    base: bytes | None, ours: bytes, theirs: bytes, path: str, documents: Documents = DEFAULTS
) -> Merged:
    return merge_document(base, ours, theirs, path=path, documents=documents)


def test_an_input_with_markers_is_left_to_plain_git() -> None:
    ours, theirs = "# R\n\n- a\n", "# R\n\n- b\n"
    for texts in ((MARKED, ours, theirs), (ours, MARKED, theirs), (ours, theirs, MARKED)):
        answer = merge(*texts)
        plain = merge_file(*(text.encode() for text in texts))
        assert answer.text == plain.text and not answer.is_clean
        assert "already holds conflict markers" in answer.reasons[0]


def test_where_one_side_changed_that_side_is_the_answer_with_a_warning_for_markers() -> None:
    for answer in (
        merge("# R\n", MARKED, "# R\n"),
        merge("# R\n", "# R\n", MARKED),
        merge("# R\n", MARKED, MARKED),
    ):
        assert answer.text == MARKED.encode() and answer.is_clean and answer.warnings
    assert not merge("# R\n", "# S\n", "# R\n").warnings


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("<<<<<<< x\n", True), (">>>>>>> x\n", True), ("a\n>>>>>>>\n", True), ("=======\n", False),
        ("a <<<<<<< x\n", False),
        ("<<<<<<<< x\n", False), ("Title\n=======\n", False), ("<<<<<<< x\r\n", True),
    ],
)  # fmt: skip
def test_markers_are_told_from_look_alikes(text: str, has: bool) -> None:
    assert has_markers(text.encode()) is has


def test_added_on_both_sides_is_clean_only_when_one_holds_everything_of_the_other() -> None:
    small, large = "# S\n\n- [x] a\n", "# S\n\n**Agent:** x\n\n- [x] a\n- [ ] b\n"
    for base in (None, ""):
        assert merge(base, small, large).text == large.encode()
        assert merge(base, large, small).is_clean
        other = merge(base, small, "# S\n\n- [ ] a\n")
        assert not other.is_clean and "<<<<<<<" in other.text.decode()


def test_binary_content_never_leaves_a_bare_ours() -> None:
    answer = merged(b"a\0", b"b\0", b"c\0", ROADMAP)
    assert not answer.is_clean
    assert answer.text == b"<<<<<<< ours\nb\0\n=======\nc\0\n>>>>>>> theirs\n"


def test_bytes_that_are_not_utf_8_survive() -> None:
    answer = merged(
        b"# R\n\n- a\xff\n", b"# R\n\n- a\xff\n- b\xfe\n", b"# R\n\n**V:** 1\n\n- a\xff\n", ROADMAP
    )
    assert answer.is_clean and answer.text == b"# R\n\n**V:** 1\n\n- a\xff\n- b\xfe\n"


def test_any_other_file_is_plain_git() -> None:
    base, ours, theirs = b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\n"
    assert merged(base, ours, theirs, "src/x.ts").text == b"A\nb\nC\n"
    conflict = merged(base, ours, b"X\nb\nc\n", "src/x.ts")
    assert conflict.text == merge_file(base, ours, b"X\nb\nc\n").text and not conflict.is_clean


def test_a_bug_in_the_engine_falls_back_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(markdown, "merge_markdown", broken)
    texts = ("# R\n\nb\n", "# R\n\no\n", "# R\n\nt\n")
    answer = merge(*texts)
    assert answer.text == merge_file(*(text.encode() for text in texts)).text
    assert not answer.is_clean and "a bug" in answer.warnings[0]


def test_the_marker_size_and_the_labels_are_honoured() -> None:
    answer = merge_document(
        b"**Owner:** a\n", b"**Owner:** b\n", b"**Owner:** c\n", path=ROADMAP, documents=DEFAULTS,
        labels=("HEAD", "base", "feature"), marker_size=11,
    )  # fmt: skip
    assert answer.text == (
        b"<<<<<<<<<<< HEAD ('**Owner:** b' against '**Owner:** c')\n**Owner:** b\n"
        b"===========\n**Owner:** c\n>>>>>>>>>>> feature\n"
    )


def test_a_lock_file_is_one_side_whole_with_its_owner_named() -> None:
    answer = merged(b"1\n", b"2\n", b"3\n", "web/package-lock.json")
    assert answer.text == b"2\n" and answer.is_clean
    assert answer.regenerate is not None and answer.regenerate[:2] == ("npm", "install")
    assert "npm install" in answer.warnings[0]
    configured = Documents(lock_files={"*.lck": LockFile(["make", "lock"])})
    assert merged(b"1\n", b"2\n", b"3\n", "a/x.lck", configured).regenerate == ("make", "lock")
    assert merged(b"1\n", b"2\n", b"3\n", "package-lock.json", configured).regenerate is None


VERSION = '{{\n  "version": "{0}",\n  "commit": "{1}",\n  "build": {2},\n  "date": "{3}"\n}}\n'
RULES = Documents(
    json_rules={"version.json": {"version": "max", "commit": "theirs", "build": "max", "date": "newest"}}
)


def test_generated_json_is_merged_key_by_key() -> None:
    texts = [
        VERSION.format(*values).encode()
        for values in (
            ("1.9", "a", 7, "2026-01-01T00:00:00Z"),
            ("1.10", "b", 8, "2026-01-03T00:00:00Z"),
            ("1.9", "c", 12, "2026-01-02T00:00:00Z"),
        )
    ]
    answer = merged(texts[0], texts[1], texts[2], "version.json", RULES)
    assert answer.text.decode() == VERSION.format("1.10", "c", 12, "2026-01-03T00:00:00Z")
    assert len(answer.resolved) == 3


def test_a_json_key_without_a_rule_stays_between_markers() -> None:
    rules = Documents(json_rules={"version.json": {"build": "max"}})
    answer = merged(
        b'{"a": 1,\n"build": 1}\n',
        b'{"a": 2,\n"build": 2}\n',
        b'{"a": 3,\n"build": 3}\n',
        "version.json",
        rules,
    )
    assert not answer.is_clean and "'a'" in answer.reasons[0] and has_markers(answer.text)


def test_globs_mean_paths_from_the_root() -> None:
    assert matches("docs/roadmaps/A.md", "docs/roadmaps/*.md")
    assert not matches("docs/roadmaps/old/A.md", "docs/roadmaps/*.md")
    assert matches("docs/sessions/S.md", "docs/sessions/**/*.md")
    assert matches("docs/sessions/a/b/S.md", "docs/sessions/**/*.md")
    assert not matches("x/ROADMAP.md", "ROADMAP.md")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("docs/ROADMAP.md", Kind.MARKDOWN), ("docs/roadmap.md", Kind.MARKDOWN), ("ChangeLog", Kind.MARKDOWN),
        ("a/TODO.txt", Kind.MARKDOWN), ("README.rst", Kind.MARKDOWN), (".beads/issues.jsonl", Kind.LINES),
        ("docs/sessions/active/Session-1.md", Kind.MARKDOWN), ("tasks.json", Kind.JSON),
        ("backlog.yml", Kind.YAML), ("a/pnpm-lock.yaml", Kind.LOCK_FILE), ("src/app.ts", Kind.OTHER),
        ("package.json", Kind.OTHER), ("requirements.txt", Kind.OTHER), ("Makefile", Kind.OTHER),
    ],
)  # fmt: skip
def test_a_name_tells_the_kind_whatever_its_case(path: str, kind: Kind) -> None:
    assert kind_of(path, DEFAULTS) is kind
    only_lists = Documents(well_known=False)
    is_listed = path.startswith(("docs/ROADMAP", "docs/sessions")) or kind is Kind.LOCK_FILE
    assert kind_of(path, only_lists) is (kind if is_listed else Kind.OTHER)


def test_a_file_without_a_telling_name_is_judged_by_all_its_versions() -> None:
    plain, written = b"# Title\n\ntext\n", b"# Title\n\n- [ ] one\n"
    for texts in ((plain, plain, written), (plain, written, plain), (written, plain, plain)):
        assert kind_of_text("page", texts, DEFAULTS) is Kind.MARKDOWN
    assert kind_of_text("Makefile", (b"# all\nall:\n\ttrue\n",) * 3, DEFAULTS) is Kind.OTHER
    assert kind_of_text("bin/todo", (b"#!/bin/sh\n# TODO\n\n- [ ] x\n",) * 3, DEFAULTS) is Kind.OTHER
    assert kind_of_text("config.yaml", (b"a: 1\n",) * 3, DEFAULTS) is Kind.YAML


@pytest.mark.parametrize("name", ["tasks.json", "tasks.yaml"])
def test_a_record_that_was_moved_and_changed_here_and_deleted_there_is_a_conflict(name: str) -> None:
    def text(*records: str) -> str:
        made = [dict(zip(("id", "title"), record.split(), strict=True)) for record in records]
        lines = [f"- id: {one['id']}\n  title: {one['title']}\n" for one in made]
        return json.dumps(made, indent=1) + "\n" if name.endswith("json") else "".join(lines)

    base = text("a maps", "b signs", "c lights", "d queue")
    ours, theirs = text("a maps", "c lights", "b posters", "d queue"), text("a maps", "c lights", "d queue")
    for sides in ((ours, theirs), (theirs, ours)):
        merged = merge(base, *sides, path=name)
        assert not merged.is_clean and has_markers(merged.text) and "deleted it" in merged.said
        assert b"posters" in merged.text
