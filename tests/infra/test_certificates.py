"""A run's own key: only who holds it is answered, and it prints itself nowhere."""

import ssl
import threading
from pathlib import Path
from socket import socketpair

import pytest

from afterpush.infra.remote.certificates import Credentials, credentials_for

NOW = 1_795_000_000.0


def context(folder: Path, credentials: Credentials, *, server: bool, trust: Credentials) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    path = folder / f"{server}.pem"
    path.write_text(credentials.certificate + credentials.key)
    made.load_cert_chain(path)
    made.load_verify_locations(cadata=trust.certificate)
    return made


def meet(folder: Path, client: Credentials, server: Credentials) -> None:
    """A handshake in which the server trusts its own certificate only. Raises what the server raises."""
    here, there = socketpair()

    def call() -> None:
        try:
            with context(folder, client, server=False, trust=server).wrap_socket(here) as secure:
                secure.recv(1)
        except OSError:
            pass

    caller = threading.Thread(target=call)
    caller.start()
    try:
        with context(folder, server, server=True, trust=server).wrap_socket(
            there, server_side=True
        ) as secure:
            secure.send(b".")
    finally:
        caller.join()


def test_who_holds_the_key_is_answered_and_nobody_else(tmp_path: Path) -> None:
    import time

    ours, theirs = credentials_for("run", time.time()), credentials_for("run", time.time())
    meet(tmp_path, ours, ours)
    with pytest.raises(ssl.SSLError):
        meet(tmp_path, theirs, ours)


def test_a_clock_that_is_behind_accepts_it() -> None:
    from cryptography import x509

    made = x509.load_pem_x509_certificate(credentials_for("run", NOW).certificate.encode())
    assert NOW - made.not_valid_before_utc.timestamp() == 24 * 3600
    assert made.not_valid_after_utc.timestamp() > NOW


def test_it_does_not_print_its_key() -> None:
    assert "KEY" not in repr(credentials_for("run", NOW))
