"""TLS to MariaDB and PostgreSQL: which files and servers are refused, and the messages."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.app.glance_database import database_options
from glimpse.glance_database import mysql
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database_url import DatabaseURL, InvalidDatabaseURL, parse_database_url
from glimpse.glance_database.errors import DatabaseError
from glimpse.glance_database.tls import load_tls_files
from glimpse.settings import InvalidSettings, load_settings
from tests.glance_database.glance_tables import GlanceTables
from tests.support.certificates import CertificateFiles, Certificates
from tests.support.process import free_port
from tests.support.services import mariadb


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of another authority."""
    return Certificates(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def port(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a MariaDB with TLS."""
    authority, (certificate, key) = certificates.authority, certificates.server
    options = (f"--ssl-ca={authority}", f"--ssl-cert={certificate}", f"--ssl-key={key}")
    with mariadb(tmp_path_factory.mktemp("mariadb"), *options) as process:
        yield process.port


async def _connect(url: str) -> str:
    """Connect to the database and return "ok" or the message of the error.

    Returns when the sockets are closed, which takes some turns of the event loop with TLS.
    """
    parsed, before = parse_database_url(url), _open_sockets()
    try:
        connection = await find_driver(parsed)(parsed, parsed.hosts[0], 10.0)
    except DatabaseError as error:
        message = str(error)
    else:
        connection.close()
        message = "ok"
    async with asyncio.timeout(10):
        while _open_sockets() > before:  # noqa: ASYNC110  no event tells that a socket has closed
            await asyncio.sleep(0)
    return message


def _open_sockets() -> int:
    """Return the number of sockets that this process has open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own descriptor
            found += str(link.readlink()).startswith("socket:")
    return found


async def test_a_server_of_mariadb_needs_a_certificate_of_the_authority_and_its_name(
    port: int, certificates: Certificates, other: Certificates
) -> None:
    ca = f"ssl_ca={certificates.authority}"
    url = "mysql://root@{}:{}/mysql?{}".format
    assert await _connect(url("127.0.0.1", port, ca)) == "ok"
    wrong = f"ssl_ca={other.authority}"
    assert "certificate verify failed" in await _connect(url("127.0.0.1", port, wrong))
    assert "not valid for 'localhost'" in await _connect(url("localhost", port, ca))
    assert await _connect(url("localhost", port, f"{ca}&ssl_check_hostname=False")) == "ok"


async def test_a_refused_login_to_mariadb_says_what_to_check(
    port: int, certificates: Certificates
) -> None:
    url = f"mysql://reader:secret@127.0.0.1:{port}/mysql?ssl_ca={certificates.authority}"
    message = await _connect(url)
    assert "1045 Access denied for user 'reader'@" in message
    assert message.endswith("; check user and password, and if the user has to use TLS")
    assert "using password" not in message


async def test_a_client_certificate_of_another_authority_is_named_as_the_likely_cause(
    port: int, certificates: Certificates, other: Certificates
) -> None:
    options = f"ssl_ca={certificates.authority}&{_pair('mysql', certificates.client)}"
    url = "mysql://root@127.0.0.1:{}/mysql?{}".format
    assert await _connect(url(port, options)) == "ok"
    options = f"ssl_ca={certificates.authority}&{_pair('mysql', other.client)}"
    assert "certificate of ssl_cert" in await _connect(url(port, options))


async def test_a_server_without_tls_is_not_used_if_the_url_demands_tls(
    tables: GlanceTables, certificates: Certificates
) -> None:
    options = {"mysql": f"ssl_ca={certificates.authority}", "postgresql": "sslmode=require"}
    message = await _connect(f"{tables.url}?{options[tables.dialect]}")
    assert "does not offer TLS" in message or "rejected SSL upgrade" in message


def _pair(dialect: str, files: CertificateFiles) -> str:
    separator = "_" if dialect == "mysql" else ""
    return f"ssl{separator}cert={files.certificate}&ssl{separator}key={files.key}"


@pytest.mark.parametrize("dialect", ["mysql", "postgresql"])
def test_a_file_that_cannot_be_used_is_named_at_the_start(
    dialect: str, certificates: Certificates, other: Certificates, tmp_path: Path
) -> None:
    authorities = {"mysql": "ssl_ca", "postgresql": "sslrootcert"}[dialect]
    missing, pair = tmp_path / "missing.pem", certificates.client
    certificate, key = _pair(dialect, pair).split("&")
    for options, reason in (
        (f"{authorities}={missing}", "No such file"),
        (f"{authorities}={tmp_path}", "directory"),
        (f"{authorities}={pair.key}", "no certificate"),
        (certificate, rf"\(if its private key is in another file, add {key.partition('=')[0]}\)"),
        (_pair(dialect, CertificateFiles(pair.certificate, missing)), "No such file"),
        (_pair(dialect, CertificateFiles(pair.certificate, other.client.key)), "mismatch"),
        (_pair(dialect, certificates.encrypt_key(pair)), "passphrase"),
    ):
        url = f"{dialect}://u:secret@db/glance?{options}"
        with pytest.raises(InvalidSettings, match=reason) as caught:
            database_options(load_settings([], {"glance_database.connection": url}))
        assert "secret" not in str(caught.value)
        assert "the file /" in str(caught.value)


async def test_a_file_that_is_gone_later_is_named(
    port: int, certificates: Certificates, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    file.write_bytes(certificates.authority.read_bytes())
    url = f"mysql://root@127.0.0.1:{port}/mysql?ssl_ca={file}"
    load_tls_files(parse_database_url(url))
    file.unlink()
    assert str(file) in await _connect(url)


async def test_the_files_of_a_new_connection_are_opened_once_and_in_a_thread(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def load(url: DatabaseURL) -> ssl.SSLContext:
        threads.append(threading.current_thread())
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", None)  # only `ssl` itself opens the files
            return load_tls_files(url)

    monkeypatch.setattr(mysql, "load_tls_files", load)
    options = f"ssl_ca={certificates.authority}&{_pair('mysql', certificates.client)}"
    assert "connect" in await _connect(f"mysql://root@127.0.0.1:{free_port()}/mysql?{options}")
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


async def test_an_encrypted_key_that_is_renewed_later_is_refused_without_a_question(
    certificates: Certificates,
) -> None:
    pair = certificates.encrypt_key(certificates.client)
    url = "{}://root@127.0.0.1:{}/glance?{}&{}".format
    for dialect, tls in (("mysql", "ssl=true"), ("postgresql", "sslmode=require")):
        message = await _connect(url(dialect, free_port(), tls, _pair(dialect, pair)))
        assert "passphrase" in message or "PEM" in message or "decrypt" in message, message


@pytest.mark.parametrize(
    "options",
    [
        "mysql://db/glance?ssl=maybe",
        "mysql://db/glance?ssl_check_hostname=",
        "mysql://db/glance?ssl_ca=",
        "mysql://db/glance?ssl_key=/key.pem",
        "mysql://db/glance?ssl=False&ssl_ca=/ca.pem",
        "postgresql://db/glance?sslmode=verify",
        "postgresql://db/glance?sslmode=",
        "postgresql://db/glance?sslrootcert=",
        "postgresql://db/glance?sslkey=/key.pem",
    ],
)
def test_options_that_protect_less_than_they_seem_to_are_refused(options: str) -> None:
    with pytest.raises(InvalidDatabaseURL, match="its option ssl"):
        parse_database_url(options)
