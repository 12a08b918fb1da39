"""`deploy.explain` as a user runs it."""

from pathlib import Path

from tests.support.cli import afterpush
from tests.support.repositories import Repository


def test_a_log_file_is_explained_outside_of_any_repository(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text("installing\n\x1b[31mnpm error code ERESOLVE\x1b[0m\nbye\n")
    answer = afterpush("deploy.explain", f"--log={log}", "--json", cwd=tmp_path)
    assert answer.code == 0
    document = answer.json()
    assert document["category"] == "dependency_install"
    assert document["line"] == "npm error code ERESOLVE"
    assert document["line"] in document["excerpt"]
    assert document["guide"].endswith("#dependency_install")
    assert {"category", "title", "excerpt", "line", "hint", "guide"} <= set(document)


def test_standard_input_is_explained_for_people(tmp_path: Path) -> None:
    answer = afterpush("deploy.explain", "--log=-", cwd=tmp_path, stdin="fatal error: the moon is full\n")
    assert answer.code == 0
    assert answer.out.startswith("unknown: ")
    assert "> fatal error: the moon is full" in answer.out


def test_an_empty_standard_input_is_unknown(tmp_path: Path) -> None:
    answer = afterpush("deploy.explain", "--log=-", "--json", cwd=tmp_path, stdin="")
    assert (answer.code, answer.json()["category"]) == (0, "unknown")


def test_the_teams_signatures_are_used_and_their_mistakes_named(repository: Repository) -> None:
    entry = "signatures:\n  - {id: forge, category: timeout, pattern: forge gave up, hint: Heat it.}\n"
    repository.write("config/failures.yaml", entry)
    answer = afterpush("deploy.explain", "--log=-", "--json", cwd=repository.path, stdin="forge gave up\n")
    assert (answer.json()["category"], answer.json()["hint"]) == ("timeout", "Heat it.")
    repository.write("config/failures.yaml", entry.replace("timeout", "timout"))
    answer = afterpush("deploy.explain", "--log=-", cwd=repository.path, stdin="forge gave up\n")
    assert answer.code == 2
    assert "did you mean timeout?" in answer.err
    assert "Traceback" not in answer.err


def test_secrets_of_the_environment_are_not_repeated(repository: Repository) -> None:
    answer = afterpush(
        "deploy.explain",
        "--log=-",
        "--json",
        cwd=repository.path,
        env={"DB_PASS": "swordfish-9"},
        stdin="tried swordfish-9\nError: connect ECONNREFUSED 10.0.0.5:5432\n",
    )
    assert answer.json()["category"] == "database_unreachable"
    assert "swordfish-9" not in answer.out + answer.err


def test_wrong_use_is_one_line_and_exit_2(repository: Repository) -> None:
    for words in (["--log=none.log"], ["--log=."], ["--log=a", "--sha=HEAD"], ["--sha=nonsense"]):
        answer = afterpush("deploy.explain", *words, cwd=repository.path)
        assert answer.code == 2, words
        assert answer.err.count("\n") == 1
        assert "Traceback" not in answer.err


def test_a_commit_without_any_log_says_how_to_get_one(repository: Repository) -> None:
    answer = afterpush("deploy.explain", cwd=repository.path)
    assert answer.code == 5
    assert "DIGITALOCEAN_TOKEN" in answer.err
    assert "--log=FILE" in answer.err
