"""A key and a certificate for one run, that never touch a disk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# A machine whose clock is behind would refuse a certificate of this very moment.
_SKEW = timedelta(days=1)
_LIFE = timedelta(days=365)


@dataclass(frozen=True)
class Credentials:
    """PEM texts: only those who have the key get an answer."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Credentials([REDACTED])"


def credentials_for(name: str, now: float) -> Credentials:
    """A fresh self-signed certificate that is its own authority; `now` is in epoch seconds."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.fromtimestamp(now, UTC) - _SKEW
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Credentials(
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii"),
    )
