"""Tests of the sockets on which ``glimpse serve`` listens."""

import pytest

from glimpse.cli.errors import CommandFailed
from glimpse.cli.listening_sockets import open_socket, socket_url


def test_a_port_in_use_is_named_with_the_reason() -> None:
    """The message has the address once, and no number of an error."""
    with open_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert socket_url(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(CommandFailed) as failure:
            open_socket("127.0.0.1", port)
    assert str(failure.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_host_that_does_not_exist_is_named_with_the_reason() -> None:
    """The number of a failed look-up is none of the operating system's."""
    with pytest.raises(CommandFailed) as failure:
        open_socket("no-host.invalid", 0)
    assert str(failure.value).startswith("cannot listen on no-host.invalid:0: ")
    assert "Unknown error" not in str(failure.value)


@pytest.mark.parametrize("host", ["", "[::1]", "a b", "\udcff", f"{'a' * 100}.example"])
def test_an_invalid_address_is_refused_with_what_is_expected(host: str) -> None:
    """An empty address would be all addresses."""
    with pytest.raises(CommandFailed, match="name an address of this machine") as failure:
        open_socket(host, 0)
    assert "while attempting" not in str(failure.value)
