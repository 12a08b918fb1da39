"""What is wrong with a spec beyond single fields, each kind with a neighbour that is right."""

import pytest

from afterpush.appspec.scalars import Scalar, deployed_text, read_scalar
from afterpush.appspec.validate.component_rules import cron_fault
from afterpush.appspec.validate.secret_words import Value, is_public_name, is_secret_name, judged
from tests.appspec.specs import LIVE_FROM_MAIN, problems

CHECK = "  health_check: {http_path: /h, failure_threshold: 20}\n"
SOURCE = LIVE_FROM_MAIN[2:]
API = f"name: shop\nservices:\n- name: api\n{SOURCE}{CHECK}"
WORKER = f"workers:\n- name: mailer\n{SOURCE}"
SITE = f"static_sites:\n- name: docs\n{SOURCE}"
DB = "databases:\n- {name: db, engine: PG}\n"


def rules(*listed: str) -> str:
    return "ingress:\n  rules:\n" + "".join(f"  - {rule}\n" for rule in listed)


def job(more: str) -> str:
    return f"{API}jobs:\n- name: nightly\n{SOURCE}  {more}\n"


def image(fields: str) -> str:
    return f"name: shop\nworkers:\n- name: api\n  image: {{{fields}}}\n"


TO_API = "{match: {path: {prefix: %s}}, component: {name: api}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (API + rules(TO_API % "/a", TO_API % "/a/"), [("ingress.rules[1]", "error")]),
        (API + rules(TO_API % "/", TO_API % "/a"), [("ingress.rules[1]", "warning")]),
        (API + rules(TO_API % "/a", TO_API % "/ab", TO_API % "/"), []),
        (API + rules("{match: {path: {exact: /a}}, component: {name: api}}", TO_API % "/a"), []),
        (
            API + rules("{component: {name: api}, redirect: {uri: /x}}"),
            [("ingress.rules[0].redirect", "error")],
        ),
        (API + rules("{match: {path: {prefix: /}}}"), [("ingress.rules[0]", "error")]),
        (
            API + rules("{component: {name: api, rewrite: /v1, preserve_path_prefix: true}}"),
            [("ingress.rules[0].component.rewrite", "error")],
        ),
        (API + WORKER + rules("{component: {name: mailer}}"), [("ingress.rules[0].component.name", "error")]),
        (API + DB + rules("{component: {name: db}}"), [("ingress.rules[0].component.name", "error")]),
        (API + rules("{component: {name: '${API}'}, match: {path: {prefix: '${P}'}}}"), []),
        (API + rules("{redirect: {uri: /x, redirect_code: 302}}"), []),
        (
            API + rules("{redirect: {uri: /x, redirect_code: 200}}"),
            [("ingress.rules[0].redirect.redirect_code", "error")],
        ),
        (API + WORKER.replace("mailer", "api"), [("workers[0].name", "error")]),
        (API + DB.replace("db,", "api,"), [("databases[0].name", "error")]),
        (API + "databases:\n- {name: db, production: true}\n", [("databases[0]", "warning")]),
        (
            API + "  autoscaling: {min_instance_count: 3, max_instance_count: 2}\n",
            [("services[0].autoscaling", "error")],
        ),
        (
            API + "  instance_size_slug: apps-s-1vcpu-0.5gb\n  instance_count: 2\n",
            [("services[0].instance_count", "warning")],
        ),
        (API + "  instance_size_slug: apps-s-1vcpu-1g\n", [("services[0].instance_size_slug", "error")]),
        (job('kind: SCHEDULED\n  schedule: {cron: "0 3 * * mon-fri", time_zone: Europe/Berlin}'), []),
        (job("kind: SCHEDULED"), [("jobs[0].schedule", "error")]),
        (job('kind: SCHEDULED\n  schedule: {cron: "0 25 * * *"}'), [("jobs[0].schedule.cron", "error")]),
        (job('kind: PRE_DEPLOY\n  schedule: {cron: "0 2 * * *"}'), [("jobs[0].schedule", "warning")]),
        (job("timeout: 1h30m"), []),
        (
            SITE.join(["name: shop\n", "  error_document: a\n  catchall_document: b\n"]),
            [("static_sites[0].error_document", "error")],
        ),
        (image("registry_type: DOCR, repository: a, registry: x"), [("workers[0].image.registry", "error")]),
        (
            image("registry_type: DOCR, repository: a, tag: x, digest: 'sha256:0'"),
            [("workers[0].image.digest", "error")],
        ),
        (image("repository: a"), [("workers[0].image", "warning")]),
        (
            image("registry_type: GHCR, registry: a, repository: b, registry_credentials: 'me:s3cr3t'"),
            [("workers[0].image.registry_credentials", "error")],
        ),
        (
            API + "domains:\n- {domain: a.org, type: PRIMARY}\n- {domain: b.org, type: PRIMARY}\n",
            [("domains[1].type", "error")],
        ),
        (
            API + "domains:\n- {domain: a.org}\n- {domain: A.org, type: ALIAS}\n",
            [("domains[1].domain", "error")],
        ),
        (API + "domains:\n- a.org\n- b.org\n", [("domains[0]", "error"), ("domains[1]", "error")]),
        (API + "region: nyc3\n", [("region", "warning")]),
        (API + "envs:\n- {key: A, value: '${db.DATABASE_URL}'}\n", [("envs[0].value", "warning")]),
        (API + DB + "envs:\n- {key: A, value: '${db.DATABASE_URL}${db.pool.HOSTNAME}'}\n", []),
        (API + DB + "envs:\n- {key: A, value: '${db.HOST}'}\n", [("envs[0].value", "warning")]),
        (API + "envs:\n- {key: A, value: '${api.public_url}'}\n", [("envs[0].value", "warning")]),
        (
            API + WORKER + "envs:\n- {key: A, value: '${mailer.PRIVATE_URL}'}\n",
            [("envs[0].value", "warning")],
        ),
        (API + "envs:\n- {key: A, value: '${api.PRIVATE_URL} ${APP_URL} ${OTHER}'}\n", []),
        (API + "  run_command: serve --port 3000\n", [("services[0].run_command", "warning")]),
        (API + "  run_command: serve --host 127.0.0.1\n", [("services[0].run_command", "warning")]),
        (API + "  run_command: serve -b 0.0.0.0:8080\n", []),
        (API + "  run_command: pg_isready -h 127.0.0.1 -p 5432 && mkdir -p 755 && serve\n", []),
        (API + "  run_command: sh -c 'ping -p 5432; serve -p 8080 2>&1 | tee log'\n", []),
        (API + "  run_command: export PORT=3000 && serve\n", [("services[0].run_command", "warning")]),
        (
            API + "  run_command: java -Dserver.port=9090 -jar a.jar\n",
            [("services[0].run_command", "warning")],
        ),
        (
            API + "  http_port: 3000\n  envs:\n  - {key: PORT, value: '8080'}\n",
            [("services[0].envs[0].value", "warning")],
        ),
        (API + "  dockerfile_path: Dockerfile\n", [("services[0].dockerfile_path", "warning")]),
        (API + "  http_port: 5000\n  dockerfile_path: Dockerfile\n", []),
        (API + "  run_command: TOKEN=ghp_" + "a" * 36 + " serve\n", [("services[0].run_command", "error")]),
        ("name: shop\nservices:\n", [(".", "error")]),
        ("name: shop\ndatabases:\n- {name: db}\n", []),
    ],
)
def test_what_the_fields_say_together(text: str, told: list[tuple[str, str]]) -> None:
    found = problems(text, files={"Dockerfile": "FROM x\nEXPOSE 5000\n"})
    assert [(one.path, one.severity.value) for one in found] == told, found


@pytest.mark.parametrize(
    ("raw", "value", "deployed"),
    [
        ("1.10", 1.1, "1.1"),
        ("0600", 384, "384"),
        ("0o17", 15, "15"),
        ("0x1F", 31, "31"),
        ("1e3", 1000.0, "1000"),
        ("1_000", 1000, "1000"),
        ("1e6", 1e6, "1e+06"),
        ("on", True, "true"),
        ("N", False, "false"),
        ("12:30:00", "12:30:00", "12:30:00"),
        ("2024-01-02", "2024-01-02", "2024-01-02"),
        ("v1", "v1", "v1"),
    ],
)
def test_plain_scalars_are_read_as_the_platforms_tools_read_them(
    raw: str, value: Scalar, deployed: str
) -> None:
    read = read_scalar(raw, None, None)
    assert (read, type(read)) == (value, type(value))
    assert deployed_text(read) == deployed
    assert read_scalar(raw, '"', None) == raw
    assert read_scalar(raw, None, "tag:yaml.org,2002:str") == raw


def test_a_bare_number_in_text_is_an_error_with_what_to_write() -> None:
    [problem] = problems(API + "envs:\n- {key: A, value: 1.10}\n")
    assert (problem.severity.value, problem.cure) == ("error", 'write "1.10"')
    assert 'changes it to "1.1"' in problem.message


def test_what_is_filled_in_later_may_be_anything() -> None:
    text = (
        API
        + "  instance_count: ${COUNT}\n  http_port: $PORT\n  instance_size_slug: ${SIZE}\nregion: ${REGION}\n"
    )
    assert problems(text.replace("name: shop", "name: shop-${STAGE}")) == []


def test_our_errors_of_shape_are_notes_where_the_platform_accepts_the_spec() -> None:
    text = API + "  instance_count: 999\nenvs:\n- {key: A_TOKEN, value: hunter2}\n"
    assert [one.severity.value for one in problems(text)] == ["error", "error"]
    assert [one.severity.value for one in problems(text, is_accepted=True)] == ["note", "error"]


def test_secrets_without_a_value_are_one_line() -> None:
    listed = "".join(f"  - {{key: S{number}, type: SECRET}}\n" for number in range(14))
    [problem] = problems(f"{API}  envs:\n{listed}")
    assert problem.message.startswith("14 secrets have no value (S0, S1, S2, S3, S4, S5 and 8 more)")


def test_specs_of_different_apps_and_the_sizes_of_environments_need_not_agree() -> None:
    from afterpush.appspec.spec import parse_spec

    small, large = (f"{API}  instance_count: {count}\n" for count in (1, 3))
    other_app = parse_spec(large.replace("name: shop", "name: shop-staging"), ".do/app.staging.yaml")
    assert problems(small, others=[other_app]) == []
    assert problems(small, others=[parse_spec(large, ".do/app.staging.yaml")]) == []
    assert [one.path for one in problems(small, others=[parse_spec(large, "app.yaml")])] == [
        "services[0].instance_count"
    ]
    port = parse_spec(f"{small}  http_port: 3000\n", ".do/app.staging.yaml")
    assert [one.path for one in problems(small, others=[port])] == ["services[0].http_port"]


@pytest.mark.parametrize("text", ["*/5 * * * *", "0 0 1,15 * 1-5", "0 3 * JAN sun", "@daily", "${CRON}"])
def test_cron_expressions_that_are_right(text: str) -> None:
    assert cron_fault(text) == ""


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "60 * * * *", "0 0 0 * *", "0 0 * 13 *", "x * * * *", "5-1 * * * *", "*/0 * * * *"],
)
def test_cron_expressions_that_are_wrong(text: str) -> None:
    assert cron_fault(text)


@pytest.mark.parametrize(
    "key", ["DB_PASSWORD", "DB_PW", "FTP_PWD", "clientSecret", "USER_PASSWORD", "URL_SIGNING_KEY", "A_TOKEN"]
)
def test_names_of_secrets(key: str) -> None:
    assert is_secret_name(key)


@pytest.mark.parametrize(
    "key",
    [
        "PWD",
        "PASSWORD_HASHER",
        "TOKEN_LIFETIME",
        "MAX_TOKENS",
        "SECRETS_PROVIDER",
        "VITE_API_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "COOKIE_SECURE",
    ],
)
def test_names_that_are_only_about_secrets_or_public(key: str) -> None:
    assert not is_secret_name(key)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CHANGE_THIS_SECRET", Value.PLACEHOLDER),
        ("changeMe123", Value.PLACEHOLDER),
        ("SET_IN_DASHBOARD", Value.PLACEHOLDER),
        ("<your key>", Value.PLACEHOLDER),
        ("{{ secrets.X }}", Value.PLACEHOLDER),
        ("__APP_SECRET__", Value.PLACEHOLDER),
        ("%APP_SECRET%", Value.PLACEHOLDER),
        ("base64:CHANGE_THIS_KEY", Value.PLACEHOLDER),
        ("choose-a-good-password", Value.PLACEHOLDER),
        ("somethingsupersecret", Value.PLACEHOLDER),
        ("mongodb+srv://<user>:<password>@cluster.example.net", Value.PLACEHOLDER),
        ("sk-proj-...", Value.PLACEHOLDER),
        ("whsec_xxxxxxxx", Value.PLACEHOLDER),
        ("AKIA" + "X" * 16, Value.PLACEHOLDER),
        ("xoxb-your-token", Value.PLACEHOLDER),
        ("postgres://app:password@localhost/x", Value.PLACEHOLDER),
        ("$APP_SECRET", Value.REFERENCE),
        ("postgres://${db.USERNAME}:${db.PASSWORD}@x/y", Value.REFERENCE),
        ("re_" + "a1B2c3D4_" + "e5F6g7H8i9J0k1L2", Value.TOKEN),
        ("key-" + "0a" * 16, Value.TOKEN),
        ("base64:" + "QUJD" * 11 + "=", Value.TOKEN),
        ("jdbc:mysql://h/x?user=a&password=s3cr3tpw", Value.TOKEN),
        ("https://acme.webhook.office.com/webhookb2/" + "0a1b" * 8, Value.TOKEN),
        ("14 days", Value.HARMLESS),
        ("/etc/secrets/key", Value.HARMLESS),
        ("pk_live_" + "abc123" * 3, Value.HARMLESS),
        ("django-insecure-x1y2", Value.UNKNOWN),
        ("correct-horse-battery", Value.UNKNOWN),
        ("hunter2", Value.UNKNOWN),
    ],
)
def test_what_a_value_is(text: str, value: Value) -> None:
    assert judged(text)[0] is value


def test_a_key_that_is_built_into_a_page_may_be_seen_but_not_a_private_one() -> None:
    google = "AIza" + "a1" * 17 + "b"
    assert is_public_name("VITE_MAPS_KEY")
    assert judged(google, "VITE_MAPS_KEY")[0] is not Value.TOKEN
    assert judged(google, "MAPS_KEY")[0] is Value.TOKEN
    assert judged("sk_live_" + "a1" * 12, "VITE_STRIPE")[0] is Value.TOKEN
