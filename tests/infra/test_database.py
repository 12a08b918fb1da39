"""Connections to a real server: TLS as configured and never less, failures by name, text untouched."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database import (
    Address,
    DatabaseFailure,
    SslMode,
    StatementRejected,
    address_from_url,
    address_from_variables,
    connect,
    connected,
)
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.secrets import Secret
from tests.support.database_servers import Server, own_server, url_of


def cipher(address: Address) -> str:
    with connected(address) as connection:
        return str(connection.query("SHOW STATUS LIKE 'Ssl_cipher'")[0]["Value"])


def failure(address: Address) -> DatabaseFailure:
    with pytest.raises(DatabaseFailure) as caught:
        connect(address)
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    return caught.value


def test_required_without_a_ca_encrypts(server: Server) -> None:
    assert cipher(server.full)


def test_disabled_means_plain_text(server: Server) -> None:
    assert cipher(replace(server.full, ssl_mode="DISABLED")) == ""


@pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
def test_with_the_servers_ca_every_mode_encrypts(server: Server, mode: SslMode) -> None:
    assert cipher(replace(server.full, ssl_mode=mode, ssl_ca=str(server.ca)))


@pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
def test_another_ca_is_refused_in_every_mode_that_has_one(server: Server, mode: SslMode) -> None:
    said = str(failure(replace(server.full, ssl_mode=mode, ssl_ca=str(server.other_ca))))
    assert "certificate verify failed" in said
    assert "DB_SSL_CA" in said


def test_only_verify_identity_looks_at_the_name(server: Server) -> None:
    by_name = replace(server.full, host="localhost", ssl_ca=str(server.ca))
    assert cipher(replace(by_name, ssl_mode="VERIFY_CA"))
    assert "localhost" in str(failure(replace(by_name, ssl_mode="VERIFY_IDENTITY")))


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_verifying_without_a_ca_is_a_usage_error(server: Server, mode: SslMode) -> None:
    with pytest.raises(AfterpushError, match="set DB_SSL_CA") as caught:
        connect(replace(server.full, ssl_mode=mode))
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_ca_file_that_is_missing_or_no_certificate_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("hello")
    for name in ("absent.pem", "no.pem"):
        with pytest.raises(AfterpushError, match=f"cannot read DB_SSL_CA .*{name}"):
            connect(replace(server.full, ssl_ca=str(tmp_path / name)))


def test_a_server_without_tls_is_refused_and_never_spoken_to_in_plain_text(tmp_path: Path) -> None:
    with own_server("plain", tmp_path) as plain_server:
        _is_refused_without_tls(plain_server)


def _is_refused_without_tls(plain_server: Server) -> None:
    said = str(failure(replace(plain_server.full, ssl_mode="REQUIRED")))
    assert "DB_SSL_MODE=DISABLED" in said
    assert cipher(replace(plain_server.full, ssl_mode="DISABLED")) == ""


def test_a_wrong_password_names_the_variables_and_not_the_password(server: Server) -> None:
    found = failure(replace(server.full, password=Secret("hunter2-wrong")))
    assert found.number == 1045
    assert "DB_PASS" in str(found)
    assert "hunter2" not in str(found) + repr(found)


def test_a_port_where_nobody_listens_is_refused(server: Server) -> None:
    found = failure(replace(server.full, port=1))
    assert found.number == 2003
    assert "DB_HOST" in str(found)


def test_a_database_that_is_not_there_is_named(server: Server) -> None:
    assert "'nowhere'" in str(failure(replace(server.full, database="nowhere")))


def test_a_percent_sign_is_text_without_parameters_and_a_place_with_them(server: Server) -> None:
    with connected(server.no_rights) as connection:
        assert connection.query("SELECT '100%s %d %' AS text") == [{"text": "100%s %d %"}]
        assert connection.query("SELECT %s AS text, '%%' AS sign", ["a'b\\"]) == [
            {"text": "a'b\\", "sign": "%"}
        ]


def test_text_and_bytes_survive_the_way_there_and_back(server: Server) -> None:
    with connected(server.no_rights) as connection:
        assert connection.query("SELECT %s AS t, X'00ff' AS b", ["ß😀"]) == [{"t": "ß😀", "b": b"\x00\xff"}]


def test_a_rejected_statement_is_an_answer_and_the_connection_lives_on(server: Server) -> None:
    with connected(server.no_rights) as connection:
        with pytest.raises(StatementRejected) as caught:
            connection.execute("SELEKT 1")
        assert (caught.value.number, caught.value.exit_code) == (1064, ExitCode.BAD_ANSWER)
        assert connection.query("SELECT 1 AS one") == [{"one": 1}]


def test_two_statements_in_one_text_are_rejected(server: Server) -> None:
    with connected(server.full) as connection, pytest.raises(StatementRejected):
        connection.execute("SET @a = 1; SET @b = 2")


def test_a_connection_that_the_server_ended_is_an_outage(server: Server) -> None:
    with connected(server.full) as killer, connected(server.full) as victim:
        killer.execute(f"KILL {victim.thread_id()}")
        with pytest.raises(DatabaseFailure) as caught:
            victim.query("SELECT 1")
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_a_server_that_does_not_answer_in_time_is_an_outage(server: Server) -> None:
    with connected(server.full, read_timeout_seconds=0.2) as connection:
        with pytest.raises(DatabaseFailure) as caught:
            connection.query("SELECT SLEEP(5)")
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_statements_are_committed_one_by_one(server: Server) -> None:
    with connected(server.full) as connection:
        assert connection.query("SELECT @@autocommit AS auto") == [{"auto": 1}]


def test_closing_twice_is_no_error(server: Server) -> None:
    with closing(connect(server.full)) as connection:
        connection.close()


def test_the_least_user_can_do_nothing_outside_the_proofs_schemas(server: Server) -> None:
    with connected(server.proof_only) as connection:
        connection.execute("CREATE DATABASE afterpush_proof_rights")
        connection.execute("DROP DATABASE afterpush_proof_rights")
        with pytest.raises(StatementRejected):
            connection.execute("CREATE DATABASE afterpushXproof_rights")


def test_an_address_goes_through_a_url_and_back() -> None:
    address = Address("db.example", 3307, "a user", Secret("p@ss:/?#%"), "name", "VERIFY_CA", "/ca file.pem")
    assert address_from_url(Secret(url_of(address))) == address
    assert address_from_url(Secret("mysql://h")) == Address("h", 3306, "root", None, None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u:hun#ter2@h/db", "MYSQL_URL is not a URL"),
        ("postgres://u:hunter2@h/db", "MYSQL_URL names no MySQL server"),
        ("mysql:///db", "MYSQL_URL names no MySQL server"),
        (
            "mysql://u:hunter2@h/db?ssl-mode=maybe",
            "MYSQL_URL's ssl-mode is 'maybe'; valid: DISABLED, REQUIRED",
        ),
    ],
)
def test_a_url_that_cannot_be_used_is_explained_without_its_password(url: str, said: str) -> None:
    with pytest.raises(AfterpushError) as caught:
        address_from_url(Secret(url))
    assert said in str(caught.value)
    assert "hun" not in str(caught.value)


def test_the_variables_make_an_address_with_documented_defaults() -> None:
    assert address_from_variables(read_environment(None, {})) is None
    assert address_from_variables(read_environment(None, {"DB_HOST": "h", "DB_PASS": "secret"})) == Address(
        "h", 25060, "doadmin", Secret("secret"), "defaultdb", "REQUIRED", None
    )


@pytest.mark.parametrize(
    ("name", "value"), [("DB_PORT", "many"), ("DB_PORT", "0"), ("DB_SSL_MODE", "perhaps")]
)
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(AfterpushError, match=name):
        address_from_variables(read_environment(None, {"DB_HOST": "h", name: value}))
