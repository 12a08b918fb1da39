"""What the redactor knows, by kind; and that its time grows with the text and no faster."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.secrets import TOKEN_SHAPES, redaction
from afterpush.infra.secrets.redaction import is_secret_name
from tests.support.growth import is_linear

VALUE = "q7Zv-99-mark"


@pytest.mark.parametrize(
    "name",
    "MYSQL_PWD STRIPE_KEY APP_KEY JWT_SIGNING_KEY SENTRY_DSN DEPLOY_HOOK AWS_SECRET_ACCESS_KEY DB_PASS "
    "PGPASSWORD REGISTRY_CREDENTIALS GITHUB_TOKEN api-key accessToken client_secret X-Amz-Signature".split(),
)
def test_names_that_hold_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    "COMPASS_MODE PWD OLDPWD PATH KEYBOARD AUTHOR MAX_TOKENS SSH_AUTH_SOCK TOKEN_FILE API_KEY_ID "
    "STRIPE_PUBLIC_KEY PASSENGER_COUNT BYPASS GIT_CONFIG_KEY_0 MONKEY_NAME".split(),
)
def test_names_that_hold_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URL", f"postgres://app:{VALUE}@db.example/x", VALUE),
        ("AMQP_URI", f"amqps://user:{VALUE}@mq.example/v", VALUE),
        ("HEALTH_URL", f"http://127.0.0.1:9/healthz?key={VALUE}", VALUE),
        ("MYSQL_URL", f"mysql://app:p%40{VALUE}@db.example/x", f"p@{VALUE}"),
        ("MYSQL_URL", f"mysql://app:p%40{VALUE}@db.example/x", f"p%40{VALUE}"),
        ("GIT_REMOTE", f"https://{VALUE}@git.example/acme/shop.git", VALUE),
        ("TEAM_WEBHOOK_URL", f"https://chat.example/hooks/{VALUE}-0123456789", f"{VALUE}-0123456789"),
        ("GO_DSN", f"app:{VALUE}@tcp(db.example:3306)/x", VALUE),
        ("MYSQL_PWD", VALUE, VALUE),
        ("SIGNING_KEY", f"-----BEGIN KEY-----\n{VALUE}0123456789\n-----END KEY-----", f"{VALUE}0123456789"),
    ],
)
def test_a_value_is_taken_out_of_a_sentence_and_the_rest_stays(variable: str, value: str, said: str) -> None:
    redact = Environment({variable: value}).redactor()
    told = redact(f"connecting with {said} now")
    assert told == "connecting with [REDACTED] now"


def test_what_the_configuration_says_is_a_webhook_is_one() -> None:
    url = "https://chat.example/in/0123456789abcdef01"
    redact = Environment({"OPS": url}).telling("OPS").redactor()
    assert "0123456789abcdef01" not in redact(f"posting to {url}, or /in/0123456789abcdef01")


def test_ordinary_values_stay_in_the_text() -> None:
    redact = Environment(
        {"COMPASS_MODE": "north-west", "HEALTH_URL": "https://shop.example/healthz", "NODE_ENV": "production"}
    ).redactor()
    text = "north-west https://shop.example/healthz production doadmin@db.example"
    assert redact(text) == text


UNITS = [
    *"a- a. a+ api_key a:// authorization: pass:pass: eyJ- eyJa. -----BEGIN sk- token --token a://b:c".split(),
    *"a.b-secret password= 'token': SG.aaaa. AVNS_ --a secret-. ghp_ dp.pt. A1".split(),
    "-----BEGIN PRIVATE KEY-----",
    "Bearer ",
]


def test_time_grows_with_the_length_of_a_line_and_no_faster() -> None:
    def redacted(size: int) -> None:
        redact_log((unit * size)[:size])

    for unit in UNITS:
        assert is_linear(redacted, 2_000), unit


@pytest.mark.parametrize("name", list(TOKEN_SHAPES))
@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_the_plain_strings_that_are_searched_for_first_stand_in_every_text_of_a_shape(
    name: str, data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(TOKEN_SHAPES[name]).filter(TOKEN_SHAPES[name].search))
    assert any(stem in text for stem in redaction._STEMS[name])
