"""Writes tempest.conf."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.cloud import PASSWORD

Sections = Mapping[str, Mapping[str, object]]
# Tempest's tests of lists upload random data in the first six formats, and are skipped unless the
# cloud accepts that. No service checks the data in these six.
_DISK_FORMATS = "raw,ami,ari,aki,ploop,raw,qcow2,iso,vhd,vhdx,vmdk,vdi"


@dataclass(frozen=True)
class Target:
    """A cloud that is ready for Tempest.

    `identity_url` is the URL of its Identity API, with the version. An administrator `admin` has
    the role admin in the project of that name, and on the system. The cloud may download the qcow2
    image at `qcow2_url`, and has the active image `image_id`. Without a value, the tests need none.
    """

    identity_url: str
    admin: str = ""
    qcow2_url: str = ""
    image_id: str = ""


def write_configuration(directory: Path, target: Target, more: Sections | None = None) -> Path:
    """Write ``directory/tempest.conf`` and return its path; `more` adds and replaces options.

    By default, Tempest creates its users and projects itself, as the administrator of the cloud.
    """
    sections: dict[str, dict[str, object]] = {
        "DEFAULT": {"log_file": directory / "tempest.log"},
        "oslo_concurrency": {"lock_path": directory / "locks"},
        "auth": {
            "admin_username": target.admin,
            "admin_password": PASSWORD,
            "admin_project_name": target.admin,
            "admin_system": "all",  # Tempest creates the users with a token of the system
            "tempest_roles": "member",  # by default, who creates an image needs this role
        },
        "identity": {
            "uri_v3": target.identity_url,
            # Keystone's defaults: it keeps no history of passwords, and locks nobody out.
            "user_unique_last_password_count": 1,
            "user_lockout_failure_attempts": 0,
        },
        # Tempest tests how a user changes its own password only with this option.
        "identity-feature-enabled": {"security_compliance": True},
        "image": {
            "http_image": target.qcow2_url,
            "http_qcow2_image": target.qcow2_url,
            "disk_formats": _DISK_FORMATS,
            "build_timeout": 60,  # seconds; an import takes less than one, or does not end
        },
        "image-feature-enabled": {"image_format_enforcement": False},  # see _DISK_FORMATS
        "compute": {"image_ref": target.image_id, "flavor_ref": "m1.tiny"},
        "service_available": {"neutron": False, "cinder": False, "swift": False},
    }
    configuration = configparser.RawConfigParser()
    configuration.read_dict(sections)
    configuration.read_dict(more or {})
    path = directory / "tempest.conf"
    with path.open("w") as file:
        configuration.write(file)
    return path
