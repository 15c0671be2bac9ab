"""GatewayCloud: Glimpse in gateway mode, in front of a Glimpse with embedded services."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cloud import PASSWORD, Cloud, EmbeddedCloud, Member
from tests.support.process import GlimpseProcess

SERVICE = Member("service", "5" * 32, ("admin", "service"))

Sections = Mapping[str, Mapping[str, object]]


class GatewayCloud(Cloud):
    """A gateway, and the embedded cloud whose users and images it serves."""

    def __init__(self, process: GlimpseProcess, backend: EmbeddedCloud) -> None:
        super().__init__(process)
        self.backend = backend

    def image_url_at(self, base_url: str) -> str:  # noqa: ARG002  the catalog has one URL
        return self.backend.image_url_at(self.backend.process.base_url)

    def identity_url_at(self, base_url: str) -> str:  # noqa: ARG002  likewise
        return self.backend.identity_url

    def issue_expired_token(self, user: str) -> str:
        return self.backend.issue_expired_token(user)

    def put_images(
        self, documents: Iterable[Mapping[str, Any]], *, absent: Iterable[str] = ()
    ) -> None:
        self.backend.put_images(documents, absent=absent)


@contextmanager
def gateway(
    directory: Path, backend: EmbeddedCloud, sections: Sections, arguments: Sequence[str] = ()
) -> Iterator[GatewayCloud]:
    """Run a gateway in front of `behind`, with its state in the new `directory`.

    `sections` are those of its configuration file, as in `write_configuration`.
    """
    directory.mkdir(parents=True)
    conf = write_configuration(directory / "nova.conf", backend.identity_url, sections)
    process = GlimpseProcess(
        directory / "state", arguments=["--config-file", str(conf), *arguments]
    )
    with process:
        yield GatewayCloud(process, backend)


def credentials(identity_url: str) -> dict[str, object]:
    """Return the options of a nova.conf section with which a service logs in to Keystone."""
    return {
        "auth_type": "password",
        "auth_url": f"{identity_url}/v3",
        "username": SERVICE.name,
        "password": PASSWORD,
        "user_domain_id": "default",
        "project_name": SERVICE.name,
        "project_domain_id": "default",
    }


def write_configuration(path: Path, identity_url: str, sections: Sections) -> Path:
    """Write a nova.conf with the service's credentials and `sections`; return its path.

    An option in `sections` replaces one that would be written without it.
    """
    merged: dict[str, dict[str, object]] = {
        "metrics": {"port": 0},  # a fixed port would be in use by the gateway of another test
        "keystone_authtoken": credentials(identity_url) | {"interface": "public"},
    }
    for section, options in sections.items():
        merged.setdefault(section, {}).update(options)
    lines: list[str] = []
    for section, options in merged.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items())]
    path.write_text("\n".join(lines) + "\n")
    return path
