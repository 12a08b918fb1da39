"""What validation says about specs, with path, line, severity and cure."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.appspec.schema import health_check_fields, platform
from afterpush.appspec.spec import parse_spec
from afterpush.appspec.validate.problems import Severity
from afterpush.infra.errors import AfterpushError
from tests.appspec.specs import LIVE_FROM_MAIN, SOUND, at, check, problems, service

READINESS = health_check_fields()
LIVENESS = health_check_fields(is_liveness=True)
SHAPES = platform().shapes
HEALTHY = "      http_path: /health/ready\n      failure_threshold: 20\n"


def test_a_sound_spec_has_no_problem() -> None:
    assert problems(SOUND) == []


def test_every_problem_has_a_line_and_a_cure() -> None:
    found = problems(service("    colour: red\n    http_port: x\n    routes: [{path: y}]\n"))
    assert len(found) >= 4
    assert all(problem.line > 0 and problem.cure and problem.file == "app.yaml" for problem in found)


def test_the_check_that_started_it_all_is_told_apart_from_a_good_one() -> None:
    found = problems(
        check("      path: /\n      initial_delay_seconds: 60\n      failure_threshold: 3\n"),
        startup_seconds=120,
    )
    assert at(found, "services[0].health_check.path") == [("warning", 6, "path is deprecated")]
    [(severity, line, message)] = at(found, "services[0].health_check.http_path")
    assert (severity, line) == ("warning", 6)
    assert "catch-all" in message
    [(severity, line, message)] = at(found, "services[0].health_check")
    assert (severity, line) == ("error", 5)
    assert "90 s (60 + 10 x 3)" in message
    assert "2 m 00 s" in message


def test_a_budget_just_above_the_start_is_a_warning_and_a_wide_one_is_none() -> None:
    spec = check("      http_path: /ready\n      initial_delay_seconds: 60\n      failure_threshold: 3\n")
    assert [one[0] for one in at(problems(spec, startup_seconds=80), "services[0].health_check")] == [
        "warning"
    ]
    assert problems(spec, startup_seconds=60) == []
    assert problems(spec) == []


def test_a_short_budget_is_doubted_while_the_start_is_unknown() -> None:
    spec = check("      http_path: /ready\n      failure_threshold: 3\n")
    [(severity, _, message)] = at(problems(spec), "services[0].health_check")
    assert severity == "warning"
    assert "not measured" in message


def test_no_health_check_and_no_http_path_both_mean_tcp() -> None:
    [problem] = problems(service(""))
    assert (problem.path, problem.severity) == ("services[0]", Severity.WARNING)
    assert "TCP" in problem.message
    [problem] = problems(check("      failure_threshold: 20\n"))
    assert (problem.path, problem.line) == ("services[0].health_check", 5)
    assert "silently means a TCP check" in problem.message


def test_without_a_health_check_the_platform_s_own_window_is_held_against_the_start() -> None:
    """90 s (0 + 10 x 9): too short for a start of two minutes, whoever has chosen it."""
    found = problems(service(""), startup_seconds=120)
    [(severity, _, message)] = at(found, "services[0].health_check")
    assert severity == "error"
    assert "90 s (0 + 10 x 9)" in message
    assert [one.path for one in problems(service(""), startup_seconds=40)] == ["services[0]"]


@pytest.mark.parametrize("written", ["/health", "[{http_path: /health}]"])
def test_a_health_check_of_the_wrong_shape_is_not_called_absent(written: str) -> None:
    [problem] = problems(service(f"    health_check: {written}\n"))
    assert problem.severity is Severity.ERROR
    assert "must be a mapping" in problem.message


@pytest.mark.parametrize(("timeout", "period"), [(10, 10), (30, 10), (5, 1)])
def test_a_timeout_that_is_not_shorter_than_the_period_is_a_warning(timeout: int, period: int) -> None:
    found = problems(
        check(
            f"{HEALTHY}      initial_delay_seconds: 60\n"
            f"      timeout_seconds: {timeout}\n      period_seconds: {period}\n"
        )
    )
    assert [one[0] for one in at(found, "services[0].health_check.timeout_seconds")] == ["warning"]


@pytest.mark.parametrize("block", ["health_check", "liveness_health_check"])
def test_values_out_of_the_published_bounds_are_errors_and_the_bounds_themselves_are_none(block: str) -> None:
    for name, field in (READINESS if block == "health_check" else LIVENESS).items():
        if field.type != "whole":
            continue
        assert field.least is not None and field.most is not None
        for value, is_wrong in (
            (field.least - 1, True),
            (field.least, False),
            (field.most, False),
            (field.most + 1, True),
        ):
            found = problems(service(f"    {block}:\n      http_path: /h\n      {name}: {value}\n"))
            errors = [problem for problem in found if problem.severity is Severity.ERROR]
            assert [problem.path for problem in errors] == [f"services[0].{block}.{name}"] * is_wrong, (
                name,
                value,
            )


@pytest.mark.parametrize("value", ['"30"', "30.5", "true", "[30]", "thirty"])
def test_what_is_no_whole_number_is_an_error(value: str) -> None:
    found = problems(check(f"{HEALTHY}      initial_delay_seconds: {value}\n"))
    assert [one[0] for one in at(found, "services[0].health_check.initial_delay_seconds")] == ["error"]


def test_a_mistyped_field_is_an_error_and_an_unknown_one_a_warning_unless_strict() -> None:
    [problem] = problems(check(f"{HEALTHY}      inital_delay_seconds: 30\n"))
    assert (problem.path, problem.severity) == (
        "services[0].health_check.inital_delay_seconds",
        Severity.ERROR,
    )
    assert problem.cure == "did you mean initial_delay_seconds?"
    unknown = check(f"{HEALTHY}      colour: red\n")
    assert [problem.severity.value for problem in problems(unknown)] == ["warning"]
    assert [problem.severity.value for problem in problems(unknown, is_strict=True)] == ["error"]
    assert problems(check("      HTTP_Path: /health/ready\n      failure_threshold: 20\n")) == []


def test_a_readiness_check_on_a_worker_is_an_error_and_a_liveness_check_is_fine() -> None:
    text = f"name: shop\nworkers:\n  - name: jobs\n{LIVE_FROM_MAIN}    %s:\n      http_path: /live\n"
    assert problems(text % "liveness_health_check") == []
    [problem] = problems(text % "health_check")
    assert problem.severity is Severity.ERROR
    assert problem.cure == "use liveness_health_check"


def test_liveness_that_depends_on_the_database_is_warned_of() -> None:
    same = problems(
        check(
            f"{HEALTHY}    liveness_health_check:\n"
            "      http_path: /health/ready\n      initial_delay_seconds: 60\n"
        )
    )
    assert [one[0] for one in at(same, "services[0].liveness_health_check.http_path")] == ["warning"]
    other = problems(check(f"{HEALTHY}    liveness_health_check:\n      http_path: /health/live\n"))
    assert other == []


def test_readiness_that_asks_the_liveness_endpoint_is_warned_of() -> None:
    found = problems(check("      http_path: /health/live\n      failure_threshold: 20\n"))
    [(severity, _, message)] = at(found, "services[0].health_check.http_path")
    assert severity == "warning"
    assert "liveness" in message


def test_liveness_that_kills_the_app_while_it_starts_is_an_error() -> None:
    text = check(f"{HEALTHY}    liveness_health_check:\n      http_path: /live\n      failure_threshold: 3\n")
    [(severity, line, message)] = at(problems(text, startup_seconds=100), "services[0].liveness_health_check")
    assert (severity, line) == ("error", 8)
    assert "never gets there" in message


def test_a_port_that_nobody_declared_is_warned_of() -> None:
    assert problems(service("    http_port: 3000\n    health_check: {http_path: /h, port: 3000}\n")) == []
    text = "    internal_ports: [9000]\n    health_check: {http_path: /h, port: %d}\n"
    assert problems(service(text % 9000)) == []
    assert [problem.path for problem in problems(service(text % 9001))] == ["services[0].health_check.port"]


def test_deploy_on_push_is_compared_with_the_watched_branches() -> None:
    def told(source: str, branches: tuple[str, ...] = ("main",)) -> list[str]:
        text = f"name: shop\nservices:\n- name: web\n  {source}\n  health_check: {{http_path: /h}}\n"
        return [problem.path for problem in problems(text, branches=branches)]

    assert told("github: {repo: acme/app, branch: main, deploy_on_push: true}") == []
    assert told("github: {repo: acme/app, branch: main, deploy_on_push: false}") == [], "a pipeline deploys"
    assert told("gitlab: {repo: acme/app, branch: main}") == ["services[0].gitlab.deploy_on_push"]
    assert told("github: {repo: acme/app, branch: live, deploy_on_push: true}") == [
        "services[0].github.branch"
    ]
    assert told("github: {repo: acme/app, branch: live, deploy_on_push: true}", ("live",)) == []
    assert told("git: {repo_clone_url: 'https://x/y.git', branch: main}") == ["services[0].git"]
    assert told("image: {registry_type: DOCR, repository: app}") == []
    assert told("github: {repo: acme/app, branch: main}\n  git: {branch: main}")[1] == "services[0]"


def test_components_of_other_repositories_are_not_judged_by_our_branches() -> None:
    text = service("    health_check: {http_path: /h}\n") + (
        "  - name: blog\n"
        "    github: {repo: acme/blog, branch: live, deploy_on_push: true}\n"
        "    health_check: {http_path: /h}\n"
    )
    assert problems(text) == []
    assert [problem.path for problem in problems(text, repos=("tmp/elsewhere",))] == [
        "services[1].github.branch"
    ]


@pytest.mark.parametrize(
    ("variable", "severity"),
    [
        ("{key: JWT_SECRET, value: correct-horse-battery}", "error"),
        ("{key: DB_PASSWORD, value: hunter2}", "error"),
        ("{key: STRIPE_API_KEY, value: '12ab34cd'}", "error"),
        ("{key: HARMLESS, value: ghp_" + "a" * 36 + "}", "error"),
        ("{key: DATABASE_URL, value: 'mysql://app:s3cr3tpw@db.example.org/x'}", "error"),
        ("{key: PGPASSWORD, value: hunter2}", "error"),
        ("{key: dbPassword, value: hunter2}", "error"),
        ("{key: CLIENTSECRET, value: hunter2}", "error"),
        ("{key: AUTHTOKEN, value: hunter2}", "error"),
        ("{key: MASTER_KEY, value: hunter2}", "error"),
        ("{key: GITHUB_PAT, value: hunter2}", "error"),
        ("{key: BYPASS_CACHE, value: hunter2}", None),
        ("{key: tokenUrl, value: hunter2}", None),
        ("{key: CLERK_PUBLISHABLE_API_KEY, value: hunter2}", None),
        ("{key: GOOGLE_APPLICATION_CREDENTIALS, value: /etc/keys/google.json}", None),
        ("{key: JWT_SECRET, type: SECRET, value: correct-horse-battery}", "error"),
        ("{key: JWT_SECRET, type: SECRET}", "warning"),
        ("{key: JWT_SECRET, type: SECRET, value: ''}", "warning"),
        ("{key: JWT_SECRET, type: SECRET, value: 'EV[1:abc:def]'}", None),
        ("{key: JWT_SECRET, value: '${JWT}'}", None),
        ("{key: JWT_SECRET, value: $JWT}", None),
        ("{key: URL, value: '${web.PUBLIC_URL}'}", None),
        ("{key: TOKEN_TTL, value: '3600'}", None),
        ("{key: PASSWORD_MIN_LENGTH, value: '8'}", None),
        ("{key: KEYCLOAK_URL, value: 'https://sso.example.org'}", None),
        ("{key: API_KEY, value: CHANGE_ME}", "warning"),
        ("{key: NODE_ENV, value: production}", None),
    ],
)
def test_secrets_in_plain_text_are_found_by_name_and_by_shape_and_never_shown(
    variable: str, severity: str | None
) -> None:
    found = problems(service(f"    health_check: {{http_path: /h}}\n    envs:\n    - {variable}\n"))
    assert [problem.severity.value for problem in found] == ([severity] if severity else [])
    for value in ("correct-horse-battery", "hunter2", "12ab34cd", "a" * 36, "s3cr3tpw"):
        assert value not in repr(found)


def test_app_wide_variables_and_workers_are_looked_at_too() -> None:
    text = SOUND + "envs:\n- {key: A_TOKEN, value: abcdefgh}\n"
    assert [problem.path for problem in problems(text)] == ["envs[0].value"]


def test_a_template_is_told_to_leave_a_secret_out_since_no_new_app_can_decrypt_it() -> None:
    text = service(
        "    health_check: {http_path: /h}\n    envs:\n    - {key: A, type: SECRET, value: q7-Zt}\n"
    )
    indented = "spec:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    found = problems(text) + problems(indented, name="deploy.template.yaml")
    assert [problem.cure.split()[0] for problem in found] == ["put", "leave"]


def test_a_template_may_leave_secrets_empty() -> None:
    text = service("    health_check: {http_path: /h}\n    envs:\n    - {key: KEY, type: SECRET}\n")
    indented = "spec:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    assert problems(text) != []
    assert problems(indented, name="deploy.template.yaml") == []
    assert [one.path for one in problems(indented)] == ["spec"]


def test_routes_and_rules_that_cannot_work_are_errors() -> None:
    rules = "ingress:\n  rules:\n  - {component: {name: nobody}, match: {path: {prefix: api}}}\n"
    found = problems(service("    health_check: {http_path: /h}\n", rules))
    assert [(one.path, one.severity.value) for one in found] == [
        ("ingress.rules[0].match.path.prefix", "error"),
        ("ingress.rules[0].component.name", "error"),
    ]
    found = problems(service("    health_check: {http_path: /h}\n    routes: [{path: api}]\n"))
    assert [(one.path, one.severity.value) for one in found] == [
        ("services[0].routes", "warning"),
        ("services[0].routes[0].path", "error"),
    ]


def test_specs_that_disagree_name_the_field_and_the_other_file() -> None:
    other = parse_spec(
        SOUND.replace("/health/ready", "/").replace("failure_threshold: 9", "failure_threshold: 3"),
        "app.spec.yaml",
    )
    [problem] = problems(SOUND, others=[other])
    assert (problem.path, problem.severity, problem.line) == (
        "services[0].health_check",
        Severity.WARNING,
        7,
    )
    assert "app.spec.yaml" in problem.message
    assert "failure_threshold 9 here, 3 there" in problem.message
    assert problems(SOUND, others=[parse_spec(SOUND + "# the same\n", "other.yaml")]) == []


def test_a_default_that_one_spec_writes_out_is_no_disagreement() -> None:
    """Where nobody says so, period_seconds is 10 and instance_count 1."""
    short = service("    health_check: {http_path: /h, failure_threshold: 20}\n")
    long = short.replace("http_path: /h,", "http_path: /h, period_seconds: 10, timeout_seconds: 1,")
    written_out = parse_spec(long + "    instance_count: 1\n", "other.yaml")
    assert problems(short, others=[written_out]) == []
    [problem] = problems(short, others=[parse_spec(long.replace("20", "12"), "other.yaml")])
    assert problem.message.endswith(": failure_threshold 20 here, 12 there")
    by_hand = parse_spec(short.replace("deploy_on_push: true", "deploy_on_push: false"), "other.yaml")
    [problem] = problems(short, others=[by_hand])
    assert problem.message.endswith(": true here, false there")


def test_a_template_that_runs_something_else_disagrees_without_telling_the_command() -> None:
    mine = service("    run_command: TOKEN=abc start\n    health_check: {http_path: /h}\n")
    other = parse_spec(
        "spec:\n" + "".join(f"  {line}\n" for line in mine.replace("start", "go").splitlines()), "t.yaml"
    )
    [problem] = problems(mine, others=[other])
    assert problem.path == "services[0].run_command"
    assert "abc" not in problem.message


def test_duplicate_keys_are_errors() -> None:
    [problem] = problems(SOUND + "name: again\n")
    assert (problem.path, problem.severity, problem.line) == ("name", Severity.ERROR, 12)


def test_anchors_and_merge_keys_are_followed() -> None:
    text = (
        "x-check: &check {http_path: /h, failure_threshold: 60}\nname: shop\nservices:\n  - name: web\n"
        + LIVE_FROM_MAIN
        + "    health_check:\n      <<: *check\n"
    )
    found = problems(text)
    assert at(found, "services[0].health_check.failure_threshold")[0][:2] == ("error", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "- a\n",
        "just text\n",
        "name: [",
        "a: 1\n---\nb: 2\n",
        "a: *b\n",
        "\tname: x\n",
        "a: &a [*a]",
    ],
)
def test_what_is_no_spec_is_one_error_with_the_file_named(text: str) -> None:
    with pytest.raises(AfterpushError, match=r"app\.yaml"):
        parse_spec(text, "app.yaml")


def test_a_long_spec_without_any_alias_is_not_taken_for_one_of_aliases() -> None:
    variables = "".join(f"    - {{key: K{number}, value: v}}\n" for number in range(21_000))
    assert len(parse_spec(service(f"    envs:\n{variables}"), "app.yaml").variables) == 21_000


def test_aliases_that_stand_for_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(AfterpushError, match="aliases"):
        parse_spec("\n".join(lines), "app.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "name: shop\nservices: {web: {}}\n",
        "name: shop\nservices: [1, null]\n",
        "services:\n",
        "name: 12\nenvs: x\n",
    ],
)
def test_wrong_shapes_are_problems_and_no_crash(text: str) -> None:
    found = problems(text)
    assert any(problem.severity is Severity.ERROR for problem in found)


_NAMES = sorted({name for fields in SHAPES.values() for name in fields} | {"x-other", "<<", ""})
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "a", "/x", "EV[1:a]", "${db.X}"]),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(sorted(SHAPES["app"])), _TREES, max_size=5), other=_TREES)
def test_any_tree_is_judged_without_a_crash_and_always_the_same(tree: object, other: object) -> None:
    text, twin = yaml.safe_dump(tree), yaml.safe_dump({"name": "shop", "services": other})
    try:
        found = problems(text, startup_seconds=10, others=[parse_spec(twin, "other.yaml")])
    except AfterpushError as error:
        assert "aliases" in str(error) or "nested" in str(error)
        return
    assert found == problems(text, startup_seconds=10, others=[parse_spec(twin, "other.yaml")])
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
