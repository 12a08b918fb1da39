"""`inv doappspec.validate` as a user runs it."""

from tests.appspec.specs import SOUND
from tests.support.cli import afterpush
from tests.support.repositories import Repository


def test_a_sound_spec_exits_0_and_says_so(repository: Repository) -> None:
    repository.write(".do/app.yaml", SOUND)
    answer = afterpush("doappspec.validate", cwd=repository.path)
    assert (answer.code, answer.out) == (0, ".do/app.yaml: 0 errors, 0 warnings\n"), answer.err


def test_problems_come_with_file_line_and_cure_and_an_error_exits_1(repository: Repository) -> None:
    repository.write(".do/app.yaml", SOUND.replace("failure_threshold: 9", "failure_threshold: 99"))
    answer = afterpush("doappspec.validate", cwd=repository.path)
    assert answer.code == 1
    assert ".do/app.yaml:11: error: services[0].health_check.failure_threshold: " in answer.out
    assert answer.out.endswith("1 error, 0 warnings\n")


def test_warnings_alone_exit_0(repository: Repository) -> None:
    repository.write(".do/app.yaml", SOUND.replace("http_path: /health/ready", "path: /health/ready"))
    answer = afterpush("doappspec.validate", "--json", cwd=repository.path)
    assert answer.code == 0
    assert {"path", "line", "severity", "message", "cure", "file"} <= set(answer.json()["problems"][0])


def test_the_spec_can_be_named_and_the_start_given(repository: Repository) -> None:
    repository.write("infra/my app.yaml", SOUND)
    answer = afterpush(
        "doappspec.validate",
        "--spec=infra/my app.yaml",
        "--startup-seconds=200",
        "--json",
        cwd=repository.path,
    )
    assert answer.code == 1
    [problem] = answer.json()["problems"]
    assert (problem["path"], problem["severity"]) == ("services[0].health_check", "error")
    assert "110 s (20 + 10 x 9)" in problem["message"]


def test_a_second_spec_that_disagrees_is_found(repository: Repository) -> None:
    repository.write(".do/app.yaml", SOUND)
    repository.write("app.spec.yaml", SOUND.replace("8080", "3000"))
    repository.write("docker-compose.yml", "name: shop\nservices: {web: {image: x}}\n")
    repository.write("broken.yaml", "a: [")
    repository.write(".do/deploy.template.yaml", "spec:\n" + SOUND.replace("\n", "\n  ").join(["  ", ""]))
    answer = afterpush("doappspec.validate", "--json", cwd=repository.path)
    assert answer.code == 0
    [problem] = answer.json()["problems"]
    assert problem["path"] == "services[0].http_port"
    assert "app.spec.yaml" in problem["message"]


def test_a_secret_is_reported_without_its_value(repository: Repository) -> None:
    repository.write(".do/app.yaml", SOUND + "envs:\n- {key: JWT_SECRET, value: 'hunter2 is mine'}\n")
    for flags in ((), ("--json",)):
        answer = afterpush("doappspec.validate", *flags, cwd=repository.path)
        assert answer.code == 1
        assert "JWT_SECRET" in answer.out
        assert "hunter2" not in answer.out + answer.err


def test_usage_errors_exit_2_with_one_line(repository: Repository) -> None:
    for words, said in (
        ((), "there is no .do/app.yaml"),
        (("--spec=gone.yaml",), "there is no gone.yaml"),
        (("--startup-seconds=soon",), "--startup-seconds=soon"),
    ):
        answer = afterpush("doappspec.validate", *words, cwd=repository.path)
        assert answer.code == 2
        assert said in answer.err
        assert answer.err.count("\n") == 1
    repository.write(".do/app.yaml", b"name: caf\xe9\n")
    answer = afterpush("doappspec.validate", "--json", cwd=repository.path)
    assert answer.code == 2
    assert "UTF-8" in answer.json()["error"]


def test_a_spec_on_stdin_is_judged_and_strict_makes_unknown_fields_errors(repository: Repository) -> None:
    unknown = SOUND + "colour: red\n"
    given = afterpush("doappspec.validate", "--spec=-", "--json", cwd=repository.path, stdin=unknown)
    assert (given.code, [one["severity"] for one in given.json()["problems"]]) == (0, ["warning"])
    assert given.json()["platform"] is None
    strict = afterpush("doappspec.validate", "--spec=-", "--strict", cwd=repository.path, stdin=unknown)
    assert strict.code == 1
    assert strict.out.startswith(f"stdin:{unknown.count(chr(10))}: error: colour: ")
