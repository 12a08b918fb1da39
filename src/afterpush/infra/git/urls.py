"""URLs of remotes, as far as they may leave this machine."""

from urllib.parse import urlsplit, urlunsplit


def without_credentials(url: str) -> str:
    """A URL without its password; over http also without its user, which may be a token.

    The user of an SSH URL says how to connect and stays; what is no URL stays as it is (`git@host:path`).
    """
    parts = urlsplit(url)
    if "://" not in url or not parts.hostname:
        return url
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    user = f"{parts.username}@" if parts.username and not parts.scheme.startswith("http") else ""
    return urlunsplit(parts._replace(netloc=user + host))
