"""The table, the health endpoint, and how sources stand in for one another."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen, Serving, Silence, Verdict, Watching
from afterpush.deploy.watch.sources.health import shown_commit
from afterpush.deploy.watch.sources.ranked import RankedSources, SourceFailure
from afterpush.digitalocean.deployment import read_deployment
from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.push_record import Push, append_push
from afterpush.infra.state import state_folder
from tests.deploy.conftest import World
from tests.support.app_server import FakeApp, serve_app
from tests.support.clock import FakeClock
from tests.support.faults import Fault

TABLE = """CREATE TABLE deployments (id INT AUTO_INCREMENT PRIMARY KEY, commitSha VARCHAR(40) NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'pending', doDeploymentId VARCHAR(255), errorMessage TEXT{more})"""
ORDERINGS = {"startedAt": ", startedAt TIMESTAMP NULL", "createdAt": ", createdAt TIMESTAMP NULL", "id": ""}


@pytest.fixture
def table(world: World, database: Address) -> Iterator[Address]:
    """The world with only the database as a source."""
    with connected(database) as connection:
        connection.execute(TABLE.format(more=", startedAt TIMESTAMP NULL"))
    del world.variables["DIGITALOCEAN_TOKEN"]
    use(world, database)
    yield database


def use(world: World, database: Address) -> None:
    assert database.password and database.database
    world.variables |= {
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_USER": database.user,
        "DB_PASS": database.password.reveal(),
        "DB_NAME": database.database,
    }


def insert(database: Address, sha: str, status: str, started_at: str = "2026-01-01", **more: str) -> None:
    with connected(database) as connection:
        names = ["commitSha", "status", "startedAt", *more]
        marks = ", ".join(["%s"] * len(names))
        values = (sha, status, started_at, *more.values())
        connection.execute(f"INSERT INTO deployments ({', '.join(names)}) VALUES ({marks})", values)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("success", Verdict.LIVE), ("FAILED", Verdict.FAILED), ("pending", Verdict.TIMEOUT)],
)
def test_the_table_answers(world: World, table: Address, status: str, verdict: Verdict) -> None:
    sha = world.commit()
    insert(table, sha, status, errorMessage="out of memory", doDeploymentId="dep-1")
    end = world.verdict(sha, timeout_seconds=300)
    assert end.verdict is verdict and end.source == "database"
    assert end.known.deployment and end.known.deployment.id == "dep-1"
    assert ("out of memory" in end.message) == (verdict is Verdict.FAILED)


def test_a_status_that_nobody_knows_is_no_evidence(world: World, table: Address) -> None:
    sha = world.commit()
    insert(table, sha, "unknown")
    assert world.verdict(sha, timeout_seconds=300).verdict is Verdict.TIMEOUT


def test_no_row_is_none_after_the_grace(world: World, table: Address) -> None:
    assert world.verdict(world.commit()).verdict is Verdict.NONE


def test_the_newest_row_counts(world: World, table: Address) -> None:
    sha = world.commit()
    insert(table, sha, "success", "2026-01-03")
    insert(table, sha, "failed", "2026-01-02")
    assert world.verdict(sha).verdict is Verdict.LIVE


@pytest.mark.parametrize("column", ORDERINGS)
def test_the_ordering_column_is_found_by_looking(world: World, database: Address, column: str) -> None:
    with connected(database) as connection:
        connection.execute(TABLE.format(more=ORDERINGS[column]))
        sha = world.commit()
        connection.execute("INSERT INTO deployments (commitSha, status) VALUES (%s, 'failed')", (sha,))
        connection.execute("INSERT INTO deployments (commitSha, status) VALUES (%s, 'success')", (sha,))
        if column != "id":
            connection.execute(f"UPDATE deployments SET {column} = FROM_UNIXTIME(1700000000 + id)")
    del world.variables["DIGITALOCEAN_TOKEN"]
    use(world, database)
    assert world.verdict(sha).verdict is Verdict.LIVE


def test_the_table_shows_a_later_commit_that_contains_ours(world: World, table: Address) -> None:
    first, second = world.commit("one"), world.commit("two")
    insert(table, first, "failed", "2026-01-01")
    insert(table, second, "success", "2026-01-02")
    end = world.verdict(first)
    assert end.verdict is Verdict.LIVE and end.contained_in == second
    insert(table, "c0ffee5" + "2" * 33, "success", "2026-01-03")
    assert world.verdict(first).verdict is Verdict.FAILED, "what is not known here contains nothing"


def test_a_row_that_is_older_than_the_push_is_of_an_earlier_one(world: World, table: Address) -> None:
    sha = world.commit()
    insert(table, sha, "success")
    record = state_folder(world.repository.path).ready().pushes
    began = world.clock.now()
    append_push(record, Push(sha, "refs/heads/main", "origin", began + 1, True, began, "f" * 40))
    assert world.verdict(sha).verdict is Verdict.NONE


def test_a_wrong_password_ends_the_source_and_shows_nowhere(world: World, table: Address) -> None:
    world.variables["DB_PASS"] = "swordfish-swordfish"
    end = world.verdict(world.commit())
    assert end.verdict is Verdict.UNREACHABLE and "Access denied" in end.message
    assert "swordfish" not in end.message


def test_a_hostile_table_name_is_refused_by_the_configuration(world: World) -> None:
    with pytest.raises(AfterpushError, match="database_table"):
        world.configure("deploy: {database_table: 'x; DROP TABLE y'}")


@pytest.mark.parametrize(("name", "value"), [("DB_PORT", "abc"), ("DB_PORT", "0"), ("DB_SSL_MODE", "MAYBE")])
def test_bad_database_variables_are_named(world: World, name: str, value: str) -> None:
    world.variables |= {"DB_HOST": "127.0.0.1", name: value}
    with pytest.raises(AfterpushError, match=name):
        world.prepare(world.commit())


def test_the_platform_stands_first_the_table_answers_meanwhile_and_the_platform_comes_back(
    world: World, table: Address
) -> None:
    sha = world.commit()
    world.variables |= world.served.variables
    insert(table, sha, "building")
    world.platform.push(sha)
    sources = []
    for number, state in enumerate(world.states(sha)):
        if number == 3:
            world.platform.fail(Fault.html(502), times=2)
        sources.append(state.source)
    assert sources[3:6] == ["platform", "database", "database"] and sources[6] == "platform"
    assert state.__class__.__name__ == "Finished" and state.source == "platform"


def test_rows_that_stay_pending_do_not_hide_what_the_app_itself_says(world: World, table: Address) -> None:
    sha = world.commit()
    insert(table, sha, "pending")
    app = FakeApp(commit="c0ffee5")
    with serve_app(app) as url:
        world.variables["HEALTH_URL"] = f"{url}/health"
        states = world.states(sha)
        first = next(states)
        assert isinstance(first, Watching) and first.phase == "PENDING_BUILD"
        app.commit = sha
        end = list(states)[-1]
    assert getattr(end, "verdict", None) is Verdict.LIVE and end.source == "health"


@pytest.fixture
def health(world: World) -> Iterator[FakeApp]:
    """The world with only the health endpoint as a source."""
    del world.variables["DIGITALOCEAN_TOKEN"]
    app = FakeApp()
    with serve_app(app) as url:
        world.variables["HEALTH_URL"] = f"{url}/health"
        yield app


def test_the_app_that_shows_our_commit_is_live(world: World, health: FakeApp) -> None:
    sha = world.commit()
    health.commit = sha[:8].upper()
    end = world.verdict(sha)
    assert end.verdict is Verdict.LIVE and end.source == "health" and end.superseded_by is None


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_answer_that_is_no_success_is_no_evidence(world: World, health: FakeApp, status: int) -> None:
    sha = world.commit()
    health.commit, health.status = sha, status
    end = world.verdict(sha, timeout_seconds=300)
    assert end.verdict is Verdict.TIMEOUT and f"answers {status}" in end.message


def test_a_later_commit_that_contains_ours_is_live_and_named(world: World, health: FakeApp) -> None:
    first, second = world.commit("one"), world.commit("two")
    health.commit = second[:7]
    end = world.verdict(first)
    assert end.verdict is Verdict.LIVE and end.contained_in == second


@pytest.mark.parametrize("shown", ["older", "unknown", "none", "html"])
def test_anything_else_there_is_no_evidence_and_ends_in_timeout(
    world: World, health: FakeApp, shown: str
) -> None:
    health.commit = {"older": world.repository.head(), "unknown": "feedbee1"}.get(shown)
    if shown == "html":
        health.body = "<html>200 OK</html>"
    end = world.verdict(world.commit(), timeout_seconds=300)
    assert end.verdict is Verdict.TIMEOUT


def test_a_commit_field_is_a_dotted_path(world: World, health: FakeApp) -> None:
    sha = world.commit()
    world.configure("health: {commit_field: build.git.sha}")
    health.body = f'{{"commit": "feedbee1", "build": {{"git": {{"sha": "{sha}"}}}}}}'
    assert world.verdict(sha).verdict is Verdict.LIVE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"version": "1.2.3", "sha": "9A4DF0B1"}', "9a4df0b1"),
        (b'{"commit": "9a4df0"}', None),
        (b'{"commit": "9a4df0bz"}', None),
        (b'{"commit": 12345678}', None),
        (b'{"revision": "9a4df0b", "git_sha": "1234567"}', "1234567"),
        (b"[1]", None),
        (b"", None),
    ],
)
def test_which_commit_a_body_shows(body: bytes, expected: str | None) -> None:
    assert shown_commit(body, None) == expected


@given(
    st.binary(max_size=80)
    | st.recursive(st.none() | st.text(), lambda x: st.lists(x), max_leaves=5).map(
        lambda value: repr(value).encode()
    ),
    st.sampled_from([None, "a.b", "commit", ""]),
)
def test_garbage_shows_no_commit(body: bytes, field: str | None) -> None:
    assert shown_commit(body, field) is None or b"{" in body


class Stub:
    """A source that shows or fails as it is told."""

    def __init__(self, name: str, answer: Fact | SourceFailure, *, is_authority: bool = False) -> None:
        self.name, self.answer, self.is_authority = name, answer, is_authority
        self.looks = 0

    def look(self) -> Fact:
        self.looks += 1
        if isinstance(self.answer, SourceFailure):
            raise self.answer
        return self.answer


def test_a_refused_source_ends_and_leaves_the_others() -> None:
    refused = Stub("platform", SourceFailure("401", is_refused=True), is_authority=True)
    other = Stub("health", Inconclusive("health", "x"))
    sources = RankedSources([refused, other], FakeClock())
    for _ in range(3):
        assert isinstance(sources.look(), Inconclusive)
    assert (refused.looks, other.looks) == (1, 3)
    assert sources.notes == ["the source platform ends: 401; health left"]


def test_when_nobody_answers_every_failure_is_told_and_one_waits_for_the_first_that_may_be_asked() -> None:
    first = Stub("platform", SourceFailure("429", retry_after_seconds=30), is_authority=True)
    second = Stub("health", SourceFailure("refused"))
    assert RankedSources([first, second], FakeClock()).look() == Silence(("429", "refused"), None)
    second.answer = SourceFailure("503", retry_after_seconds=20)
    assert RankedSources([first, second], FakeClock()).look() == Silence(("429", "503"), 20)


def test_a_source_that_names_a_time_is_left_alone_until_then_whoever_else_answers() -> None:
    clock = FakeClock()
    first = Stub("platform", SourceFailure("429", retry_after_seconds=30), is_authority=True)
    second = Stub("health", Inconclusive("health", "x"))
    sources = RankedSources([first, second], clock)
    for _ in range(8):
        assert isinstance(sources.look(), Inconclusive)
        clock.sleep(4)
    assert (first.looks, second.looks) == (1, 8)
    first.answer = NotYet("platform")
    assert isinstance(sources.look(), NotYet) and first.looks == 2


def test_the_authority_needs_no_second_opinion() -> None:
    second = Stub("health", Serving("health"))
    assert isinstance(
        RankedSources([Stub("platform", NotYet("platform"), is_authority=True), second], FakeClock()).look(),
        NotYet,
    )
    assert second.looks == 0


def test_a_deployment_under_way_tells_more_than_no_evidence() -> None:
    from afterpush.digitalocean.deployment import Deployment

    running = Seen("database", Deployment(id="1", phase="BUILDING"))
    sources = RankedSources(
        [Stub("database", running), Stub("health", Inconclusive("health", "x"))], FakeClock()
    )
    assert sources.look() == running


def test_no_secret_that_a_source_repeats_gets_into_a_state(world: World) -> None:
    secret = "swordfish-" + "9" * 12
    world.variables["DB_PASS"] = secret
    sha = world.commit()
    leak = {"code": "X", "message": f"mysql://root:{secret}@db, DB_TOKEN=abcdefgh"}
    wire = {"id": "d", "phase": "ERROR", "cause": f"by {secret}", "progress": {"steps": [{"reason": leak}]}}
    wire["progress"]["steps"][0]["status"] = "ERROR"  # type: ignore[index]
    prepared = world.prepare(sha)
    facts: list[Fact | SourceFailure] = [
        Seen("platform", read_deployment(wire)),
        Inconclusive("health", f"it says {secret}"),
        SourceFailure(f"refused {secret}"),
        SourceFailure(f"refused {secret}", is_refused=True),
    ]
    for fact in facts:
        prepared.sources._sources = [Stub("platform", fact, is_authority=True)]
        told = str(prepared.sources.look()) + str(prepared.sources.notes)
        assert secret not in told and "abcdefgh" not in told and "[REDACTED]" in told
