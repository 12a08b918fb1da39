"""Whatever stands in a state file or comes from a server: read, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.deploy.outcome import read_outcome
from afterpush.deploy.pidfile import PidFile, read_pid_file, write_pid_file
from afterpush.ground.app_platform import ApiFailure, AppPlatform
from afterpush.ground.apps import Wanted, find_app, owner_and_name
from afterpush.ground.errors import AfterpushError
from afterpush.ground.http import Client, Response
from afterpush.ground.secrets import Secret

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
PID_KEYS = ["pid", "pid_started_at", "boot_id", "host", "sha", "started_at", "timeout_seconds", "phase"]
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
    paper = PidFile(7, 1.5, "boot", "host", "a" * 40, 2.5, 1800.0, phase="BUILDING", requests=3)
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


@given(st.text(max_size=40))
def test_any_url_has_a_name_or_none(url: str) -> None:
    assert owner_and_name(url) is None or "/" in str(owner_and_name(url))
