"""Logs in pieces, over several connections, and as they are shown."""

import math
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.deploy.logs.follow import REMEMBERED_LINES, Connection, Following, ToldLines
from afterpush.deploy.logs.lines import LONGEST_LINE, harmless, lines, shown
from afterpush.deploy.logs.platform_logs import up_to_now
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.http import NoAnswer
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor

REDACTOR = Redactor([Secret("swordfish-9")])
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n"


def in_pieces(whole: bytes, size: int) -> list[bytes]:
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def as_shown(pieces: list[bytes], redact: Callable[[str], str] = str, *, colours: bool = False) -> bytes:
    return b"".join(shown(lines(pieces), redact, colours=colours))


PLAIN = st.tuples(
    st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=20),
    st.sampled_from([b"", b"\xff"]),  # Also what is no UTF-8.
).map(lambda parts: parts[0].encode() + parts[1])


@given(st.lists(PLAIN), st.integers(1, 7))
@settings(max_examples=60)
def test_a_shown_log_is_the_log_however_it_comes_in_pieces(told: list[bytes], size: int) -> None:
    whole = b"\n".join(told)
    assert as_shown(in_pieces(whole, size)) == whole
    hidden = as_shown([*in_pieces(whole, size), b"\nsword", b"fish-9\n"], REDACTOR)
    assert b"swordfish" not in hidden and hidden.endswith(b"\n[REDACTED]\n")


@given(st.integers(0, 3 * LONGEST_LINE), st.sampled_from(["x", "wort ", "é", "\u2028\U0001f680 "]), st.data())
@settings(max_examples=30, deadline=None)
def test_a_very_long_line_is_cut_at_the_same_places_however_it_comes(
    size: int, unit: str, data: st.DataObject
) -> None:
    whole = (unit * (size // len(unit.encode()) + 1)).encode() + b"\nend\n"
    step = data.draw(st.integers(1000, 90_000))
    parts = list(lines(in_pieces(whole, step)))
    assert b"".join(parts) == whole
    assert parts == list(lines([whole]))
    assert all(len(part) <= LONGEST_LINE + 1 for part in parts)
    for part in parts:
        part.decode()  # No character is cut in two.


@pytest.mark.parametrize("unit", ["{}", "{} ", "abcdefgh{}", "é{};"])
def test_a_secret_in_a_line_of_megabytes_is_not_shown_wherever_it_lies(unit: str) -> None:
    whole = unit.format("swordfish-9") * 120_000
    told = as_shown([whole.encode(), b"\n"], REDACTOR)
    assert told.decode() == unit.format("[REDACTED]") * 120_000 + "\n"


def test_a_private_key_is_not_shown() -> None:
    assert as_shown([b"a\n" + KEY, KEY, b"z"], REDACTOR) == b"a\n" + b"[REDACTED]\n" * 2 + b"z"


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("\x1b[31mred\x1b[0m\n", "red\n"),
        ("10 %\r100 %\r\n", "100 %\n"),
        ("\x1b]52;c;cm0gLXJmIC8=\x07copied\n", "copied\n"),
        ("\x1b]0;title\x1b\\\x1b[2J\x1b[Hcleared\n", "cleared\n"),
        ("a\x9b31mb\tc\udc9bd\n", "ab\tcd\n"),
        ("no end", "no end"),
    ],
)
def test_nothing_that_steers_a_terminal_is_shown(line: str, plain: str) -> None:
    assert harmless(line, colours=False) == plain
    assert harmless(line, colours=True).replace("\x1b[31m", "").replace("\x1b[0m", "") == plain


def test_an_archive_ends_its_line() -> None:
    assert list(lines([b"one", b"", b"two\n", b"", b"three"])) == [b"one\n", b"two\n", b"three"]


def test_a_live_log_that_is_only_read_ends_with_the_present_or_with_silence() -> None:
    lines_of = [b"web 2026-11-24T16:00:0%d.5Z line\n" % second for second in range(9)]
    now = parse_rfc3339("2026-11-24T16:00:04Z")
    assert list(up_to_now(iter(lines_of), now)) == lines_of[:5]
    assert list(up_to_now(iter([b"a\n", *[b""] * 9]), now)) == [b"a\n", *[b""] * 5]
    assert list(up_to_now(broken(b"a\n"), now)) == [b"a\n"]
    with pytest.raises(NoAnswer):
        list(up_to_now(broken(), now))


def stamped(number: int, component: str = "web") -> bytes:
    return b"%s 2026-11-24T16:%02d:%02d.5Z line\n" % (component.encode(), number // 60, number % 60)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8), st.integers(0, 60))
@settings(max_examples=100)
def test_lines_with_a_time_are_told_once_wherever_a_connection_begins_and_ends(
    connections: list[tuple[int, int]], count: int
) -> None:
    """Each connection repeats from somewhere at or before what was told, and breaks off anywhere."""
    log, told, reached = [stamped(number) for number in range(count)], ToldLines(), 0
    seen: list[bytes] = []
    for start, end in [*connections, (0, count)]:
        told = told.again()
        seen += [line for line in log[min(start, reached) : end] if told.is_new(line)]
        reached = max(reached, min(end, count))
    assert seen == log


def test_lines_of_components_that_come_back_in_another_order_are_told_once() -> None:
    first = [stamped(n, name) for n in range(20) for name in ("web", "worker")]
    again = [stamped(n, name) for name in ("worker", "web") for n in range(25)]
    told = ToldLines()
    assert [line for line in first if told.is_new(line)] == first
    told = told.again()
    assert sorted(line for line in again if told.is_new(line)) == sorted(set(again) - set(first))


def test_equal_lines_without_a_time_are_told_as_often_as_they_were_written() -> None:
    told = ToldLines()
    first, more = [b".\n", b"a\n", b".\n"], [b".\n", b".\n", b"b\n", b".\n"]
    assert [line for line in first if told.is_new(line)] == first
    told = told.again()
    assert [line for line in first + more if told.is_new(line)] == more


@pytest.mark.parametrize("make", [stamped, lambda number: b"%d\n" % number])
def test_a_log_longer_than_the_memory_is_not_told_twice(make: Callable[[int], bytes]) -> None:
    log = [make(number % 3600) + b" %d\n" % number for number in range(REMEMBERED_LINES + 500)]
    told = ToldLines()
    assert sum(told.is_new(line) for line in log) == len(log)
    told = told.again()
    assert [line for line in [*log, b"new\n"] if told.is_new(line)] == [b"new\n"]


def test_what_is_older_than_a_tail_stays_untold() -> None:
    told = ToldLines(is_tail=True)
    assert all(told.is_new(stamped(number)) for number in (10, 11))
    told = told.again()
    assert [number for number in range(14) if told.is_new(stamped(number))] == [12, 13]


def broken(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    raise NoAnswer("GET /log", "the connection broke off")


class Server:
    """Gives the connections that a test lists, and notes how long the follower waited for each."""

    def __init__(self, *connections: Connection | Exception) -> None:
        self.left = list(connections)
        self.waits: list[float] = []
        self.ends = 0

    def connect(self) -> Connection:
        found = self.left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False

    def ended(self) -> None:
        self.ends += 1

    def follow(self, is_over: Callable[[], bool] = lambda: False, patience: float = math.inf) -> bytes:
        return b"".join(Following(self.connect, is_over, self.wait, self.ended, patience).lines())


def live(*pieces: bytes, is_closed: bool = False) -> Connection:
    return Connection(iter(pieces), is_closed=is_closed)


def test_a_followed_log_goes_on_over_broken_connections_and_repeats_nothing() -> None:
    server = Server(
        Connection(broken(b"one\ntwo\nthr")),
        NoAnswer("GET /log", "refused"),
        live(b"one\ntwo\nthree\nfour\n"),
        live(b"four\nfive\n"),
    )
    assert server.follow(lambda: len(server.left) == 1) == b"one\ntwo\nthree\nfour\nfive\n"
    assert server.waits == [1.0, 2.0, 1.0]


def test_a_connection_that_was_cut_for_its_silence_is_made_again_soon() -> None:
    idle = [Connection(broken(b"", b"", b"", b"")) for _ in range(3)]
    server = Server(*idle, NoAnswer("GET /log", "refused"), live(b"late\n"))
    assert server.follow(lambda: len(server.left) < 2) == b"late\n"
    assert server.waits == [1.0, 1.0, 1.0, 2.0]


def test_an_end_that_the_server_declared_is_told_and_ends_the_log_when_the_phase_is_past() -> None:
    server = Server(live(b"all\n", is_closed=True))
    assert server.follow(lambda: server.ends > 0) == b"all\n"
    assert (server.ends, server.waits) == (1, [2.0])


def test_an_end_that_comes_too_early_is_told_and_the_log_goes_on() -> None:
    server = Server(*(live(*pieces, is_closed=True) for pieces in ([b"1\n"], [b"1\n2\n"], [b"1\n2\n3\n"])))
    assert server.follow(lambda: server.ends == 3) == b"1\n2\n3\n"


def test_a_log_that_never_ends_by_itself_is_followed_while_it_tells_something_new() -> None:
    server = Server(*(live(*pieces) for pieces in ([b"1\n"], [b"1\n"], [b"1\n2\n"], [b"1\n2\n"], [], [])))
    assert server.follow(patience=3) == b"1\n2\n"


def test_an_archive_and_a_log_that_is_over_are_read_once() -> None:
    assert Server(Connection(iter([b"all\n"]), is_archive=True)).follow() == b"all\n"
    assert Server(live(b"all\n")).follow(lambda: True) == b"all\n"


def test_the_rest_that_the_platform_asks_for_is_kept() -> None:
    server = Server(ApiFailure("busy", 429, 30.0), ApiFailure("busy", 429, 40.0), live(b"a\n"))
    assert server.follow(lambda: len(server.left) < 2) == b"a\n"
    assert server.waits == [30.0, 40.0]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_the_platform_refuses_for_good_is_not_asked_again(status: int) -> None:
    with pytest.raises(ApiFailure):
        Server(ApiFailure("no", status, is_refused=status != 404)).follow()


def test_the_page_of_a_proxy_is_a_break_like_any_other() -> None:
    server = Server(ApiFailure("a page", 403), live(b"a\n"))
    assert server.follow(lambda: len(server.left) < 1 or bool(server.waits)) == b"a\n"


def test_a_log_that_is_over_is_asked_for_at_most_three_times() -> None:
    gone = Server(ApiFailure("no such log", 400))
    with pytest.raises(ApiFailure):
        gone.follow(lambda: True)
    cut = Server(*(Connection(broken(b"a\n")) for _ in range(3)))
    with pytest.raises(NoAnswer):
        cut.follow(lambda: True)
    assert len(cut.waits) == 2
