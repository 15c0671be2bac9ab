"""local_url: the URL at which commands on this machine reach a server on this machine."""

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not listened on


def local_url(host: str, port: int) -> str:
    """Return ``http://HOST:PORT`` for a server that listens at `host` and `port`.

    HOST is the loopback address if the server listens on all addresses.
    """
    host = _LOOPBACK.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
