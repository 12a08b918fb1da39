"""Whatever stands in a state file or comes from a server: read, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.deploy.monitor.pid_file import PidFile, read_pid_file, write_pid_file
from afterpush.deploy.watch.outcome import read_outcome
from afterpush.digitalocean.client import AppPlatform, checked_token
from afterpush.digitalocean.deployed_commits import Ours, carried
from afterpush.digitalocean.deployment import read_app, read_deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app, names_of_repository, owner_and_name
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import Client, Response, is_loopback
from afterpush.infra.secrets import Secret
from tests.support.kin import Kin

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
PID_KEYS = ["pid", "pid_started_at", "boot_id", "host", "sha", "started_at", "phase"]
RESULT_KEYS = ["sha", "verdict", "message", "source", "phases", "reason", "log_path", "elapsed_seconds"]


@given(st.dictionaries(st.sampled_from(PID_KEYS), values) | values)
@settings(max_examples=60)
def test_any_pid_file_is_read_or_counts_as_none(
    tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    path = tmp_path_factory.mktemp("pid") / "x.pid"
    path.write_text(json.dumps(document))
    paper = read_pid_file(path)
    assert paper is None or (isinstance(paper.pid, int) and isinstance(paper.sha, str))


def test_a_pid_file_comes_back_as_it_was(tmp_path: Path) -> None:
    paper = PidFile(7, 1.5, "boot", "host", "a" * 40, 2.5, phase="BUILDING", requests=3)
    write_pid_file(tmp_path / "x.pid", paper)
    assert read_pid_file(tmp_path / "x.pid") == paper
    assert not paper.is_of_running_process


@given(st.dictionaries(st.sampled_from(RESULT_KEYS), values) | values)
def test_any_result_is_read_or_refused(document: Any) -> None:
    try:
        read_outcome(document, "x.result")
    except AfterpushError as error:
        assert "x.result" in str(error) and "\n" not in str(error)


class Wire(Client):
    """A client whose every answer is given."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer

    def request(self, *arguments: Any, **more: Any) -> Response:
        return self.answer


header_texts = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20)
NUMBERED = st.sampled_from(["0", "5", "-1", "1e9", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])


@given(
    st.sampled_from([200, 204, 301, 400, 401, 403, 404, 429, 500, 503, 599]),
    st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(
        st.sampled_from(["retry-after", "ratelimit-remaining", "ratelimit-reset", "date"]),
        header_texts | NUMBERED,
    ),
)
def test_any_answer_of_the_api_is_an_object_or_one_failure(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    api = AppPlatform(Wire(Response(status, headers, body)), Secret("tokentoken"), "http://127.0.0.1")
    try:
        assert isinstance(api.get("apps"), dict)
    except ApiFailure as failure:
        assert failure.retry_after_seconds is None or 1 <= failure.retry_after_seconds <= 120
        assert "tokentoken" not in str(failure) and "\n" not in str(failure)
    assert api.requests == 1


@given(values, st.sampled_from([None, "shop"]))
def test_any_list_of_apps_is_searched_or_refused(apps: Any, configured: str | None) -> None:
    body = json.dumps({"apps": apps}).encode()
    api = AppPlatform(Wire(Response(200, {}, body)), Secret("tokentoken"), "http://127.0.0.1")
    with pytest.raises(AfterpushError):
        find_app(api, Wanted(configured, frozenset({"acme/shop"}), frozenset({"main"})))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:Acme/Shop.git", "acme/shop"),
        ("https://user:pw@github.com/acme/shop.git/", "acme/shop"),
        ("ssh://git@gitlab.com:22/group/sub/shop.git", "sub/shop"),
        ("/srv/git/acme/shop.git", "acme/shop"),
        ("shop.git", None),
        ("https://[bad", None),
        ("", None),
    ],
)
def test_owner_and_name_of_a_clone_url(url: str, name: str | None) -> None:
    assert owner_and_name(url) == name


def test_a_repository_in_a_subgroup_has_both_names() -> None:
    assert names_of_repository("git@gitlab.com:Group/Sub/Shop.git") == {"sub/shop", "group/sub/shop"}
    assert names_of_repository("https://github.com/acme/shop") == {"acme/shop"}
    assert names_of_repository("/srv/git/acme/shop.git") == {"acme/shop"}
    assert names_of_repository("https://[bad") == set()


@given(st.text(max_size=40))
def test_any_url_has_a_name_or_none(url: str) -> None:
    assert owner_and_name(url) is None or "/" in str(owner_and_name(url))


class Pages:
    """A client that answers each page as told; asking on for ever fails the test."""

    is_over = False

    def __init__(self, answers: list[dict[str, Any]], last: dict[str, Any] | None = None) -> None:
        self.answers, self.last = answers, last
        self.asked = 0

    def request(self, *arguments: Any, **more: Any) -> Response:
        self.asked += 1
        assert self.asked <= len(self.answers) + 2
        answer = self.answers[self.asked - 1] if self.asked <= len(self.answers) else self.last
        return Response(200, {}, json.dumps(answer or {}).encode())


NEXT = {"pages": {"next": "https://example.org/?page=2"}}


@pytest.mark.parametrize(
    ("answers", "numbers"),
    [
        ([{"apps": [1, 2], "links": NEXT}, {"apps": [3], "links": {}}], [1, 2, 3]),
        ([{"apps": [1, 2], "meta": {"total": 3}}, {"apps": [3], "meta": {"total": 3}}], [1, 2, 3]),
        ([{"apps": [1], "links": NEXT}] * 3, [1]),
        ([{"apps": [1], "links": NEXT}, {"apps": None, "links": NEXT}], [1]),
        ([{"apps": [1], "links": [], "meta": {"total": "9"}}], [1]),
    ],
    ids=["linked", "counted", "query-dropped", "ends-empty", "odd"],
)
def test_a_list_is_read_to_its_end_and_not_for_ever(
    answers: list[dict[str, Any]], numbers: list[int]
) -> None:
    api = AppPlatform(Pages(answers), Secret("tokentoken"), "http://127.0.0.1")  # type: ignore[arg-type]
    assert [entry for page in api.pages("apps", "apps") for entry in page] == numbers


@pytest.mark.parametrize("text", [" dop_v1_x\n", "dop_v1_x\r"])
def test_white_space_around_a_token_is_not_part_of_it(text: str) -> None:
    assert checked_token(Secret(text)) == Secret("dop_v1_x")


@pytest.mark.parametrize("text", ["a\nb", "naïve-token", "two words", "  ", "\x00"])
def test_what_no_header_can_carry_is_a_configuration_error_and_not_shown(text: str) -> None:
    with pytest.raises(AfterpushError, match="DIGITALOCEAN_TOKEN is no token") as raised:
        checked_token(Secret(text))
    assert raised.value.exit_code == 2 and (not text.strip() or text not in str(raised.value))


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.0.1:80/", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8080", True),
        ("http://localhost.", True),
        ("http://127.0.0.1.example.com", False),
        ("http://127.evil.example.com", False),
        ("http://10.0.0.1", False),
        ("http://", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, is_local: bool) -> None:
    assert is_loopback(url) is is_local


def test_an_odd_field_costs_that_field_and_no_more() -> None:
    wire = {
        "id": "d",
        "phase": "ACTIVE",
        "updated_at": 5,
        "progress": {"total_steps": "six", "steps": [None, {"name": "build", "status": "SUCCESS"}, "odd"]},
        "services": [{"name": 7, "source_commit_hash": "a" * 40}],
        "spec": [],
    }
    deployment = read_deployment(wire)
    assert deployment.phase == "ACTIVE" and [part.source_commit_hash for part in deployment.components] == [
        "a" * 40
    ]
    assert [step.name for step in deployment.steps] == ["build"]
    with pytest.raises(ValueError, match="not a deployment"):
        read_deployment({"id": 5, "phase": "ACTIVE"})


def test_a_step_that_names_no_component_is_of_its_parents() -> None:
    step = {"name": "wait", "status": "ERROR", "reason": {"code": "DeployContainerExitNonZero"}}
    tree = [{"name": "deploy", "steps": [{"name": "api", "component_name": "api", "steps": [step]}]}]
    failure = read_deployment({"id": "d", "phase": "ERROR", "progress": {"steps": tree}}).failure
    assert failure and (failure.component_name, failure.name) == ("api", "wait")


def test_the_apps_own_spec_tells_where_a_component_comes_from_when_the_deployment_does_not() -> None:
    mine, other = "a" * 40, "b" * 40
    components = [{"name": "web", "source_commit_hash": mine}, {"name": "api", "source_commit_hash": other}]
    deployment = read_deployment({"id": "d", "services": components})
    sources = [
        {"name": "web", "github": {"repo": "acme/else", "branch": "main"}},
        {"name": "api", "github": {"repo": "acme/shop", "branch": "main"}},
    ]
    app = read_app({"id": "a", "spec": {"name": "shop", "services": sources}})
    ours = Ours(frozenset({"acme/shop"}), frozenset({"main"}))
    assert not carried(deployment, ours, app.spec, Kin(mine)).is_ours
    assert carried(deployment, ours, app.spec, Kin(other)).is_ours
    assert carried(deployment, ours, None, Kin(mine)).is_partly_ours
