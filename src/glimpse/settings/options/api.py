"""Options of the Compute API, of permissions, and of the embedded services."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from oslo_config import cfg

from glimpse.settings.options.bounds import DataSize, Seconds

UNLIMITED = sys.maxsize

AuthStrategy = Literal["embedded", "keystone", "noauth"]

API: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "auth_strategy",
        choices=["embedded", "keystone", "noauth", "noauth2"],
        help="How callers are authenticated. noauth2 is nova's name for noauth. Without it: "
        "keystone if [keystone_authtoken] is configured, embedded otherwise.",
    ),
    cfg.BoolOpt(
        "allow_remote_noauth",
        default=False,
        help="Allow auth_strategy noauth on an address that other machines reach.",
    ),
    cfg.ListOpt(
        "noauth_allowed_hosts",
        default=[],
        help="Host names at which a server with auth_strategy noauth may be reached, besides "
        "localhost, loopback addresses and the address that it listens on. Requests with "
        "another Host, and writes with another Origin, are refused (DNS rebinding). Health "
        "checks are exempt.",
    ),
    # Not the place of any page size: nothing reads this option.
    cfg.IntOpt(
        "max_limit",
        default=1000,
        min=0,
        deprecated_group="DEFAULT",
        deprecated_name="osapi_max_limit",
        help="Has no effect. It is accepted because every nova.conf may have it. Like Compute, "
        "Glimpse does not apply it to images: a list without a limit has all of them. A page of "
        "servers or flavors has at most 1000.",
    ),
    cfg.StrOpt(
        "compute_link_prefix",
        deprecated_group="DEFAULT",
        deprecated_name="osapi_compute_link_prefix",
        help="URL that replaces scheme and host in links to Compute, before the path.",
    ),
    cfg.StrOpt(
        "glance_link_prefix",
        deprecated_group="DEFAULT",
        deprecated_name="osapi_glance_link_prefix",
        help="URL that replaces scheme and host in links to the Image service, before the path.",
    ),
    cfg.StrOpt(
        "advertised_microversion",
        default="2.35",
        regex=r"^2\.[1-9]\d*$",
        help="Highest microversion that version discovery names.",
    ),
    cfg.StrOpt(
        "max_microversion",
        default="2.104",
        regex=r"^2\.[1-9]\d*$",
        help="Highest microversion that requests may name.",
    ),
    cfg.BoolOpt(
        "serve_removed_microversions",
        default=False,
        help="Keep serving images above microversion 2.35 and their metadata above 2.38.",
    ),
    cfg.StrOpt(
        "sunset", help="HTTP date of the Sunset header; without it there is no such header."
    ),
)


@dataclass(frozen=True, slots=True)
class Api:
    """[api]: how callers are authenticated, and how the Compute API responds.

    - ``auth_strategy``: who checks tokens: the embedded identity, Keystone, or nobody (``noauth``).
    - ``allow_remote_noauth``: True if ``noauth`` may be used on an address that other machines
      reach.
    - ``noauth_allowed_hosts``: host names that requests may use with ``noauth``, besides localhost,
      loopback addresses and the address to listen on.
    - ``max_limit``: has no effect; it is accepted because every nova.conf may have it. The page
      size of servers and flavors is a constant in `compute.servers.query_values`.
    - ``compute_link_prefix`` and ``glance_link_prefix``: URLs that replace the scheme and host of
      links to Compute and to the Image service. With None, links are not changed.
    - ``advertised_microversion``: the highest microversion that version discovery names, such as
      ``2.35``.
    - ``max_microversion``: the highest microversion that requests may name.
    - ``serve_removed_microversions``: True if images are also served above microversion 2.35, and
      their metadata above 2.38.
    - ``sunset``: the HTTP date in the header Sunset. With None, there is no such header.
    """

    auth_strategy: AuthStrategy
    allow_remote_noauth: bool
    noauth_allowed_hosts: tuple[str, ...]
    max_limit: int
    compute_link_prefix: str | None
    glance_link_prefix: str | None
    advertised_microversion: str
    max_microversion: str
    serve_removed_microversions: bool
    sunset: str | None


QUOTA: Sequence[cfg.Opt] = (
    cfg.IntOpt(
        "metadata_items",
        default=128,
        min=-1,
        deprecated_group="DEFAULT",
        deprecated_name="quota_metadata_items",
        help="Most metadata items of an image; -1 for unlimited.",
    ),
)


@dataclass(frozen=True, slots=True)
class Quota:
    """[quota]: the largest number of metadata items of an image.

    UNLIMITED, a very large number, stands for no limit.
    """

    metadata_items: int


POLICY: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "policy_file",
        help="JSON or YAML file with policy rules; looked for beside the configuration file, too. "
        "Without it, and if it is policy.yaml or policy.json: either of these, if there is one. A "
        "missing file of another name is an error.",
    ),
    cfg.MultiStrOpt(
        "policy_dirs",
        default=[],
        help="Directories with more policy files. Without it: policy.d beside the configuration "
        "file, if there is one.",
    ),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """[oslo_policy]: the paths of the operator's policy file and policy directories.

    ``policy_file`` is None if no file is configured and there is no file with a default name.
    ``policy_dirs`` is empty if no directory is configured and there is no ``policy.d``.
    """

    policy_file: str | None
    policy_dirs: tuple[str, ...]


MIDDLEWARE: Sequence[cfg.Opt] = (
    cfg.BoolOpt(
        "enable_proxy_headers_parsing",
        default=False,
        help="Trust the headers Forwarded and X-Forwarded-*. Only behind a proxy that sets them.",
    ),
    cfg.IntOpt(
        "max_request_body_size",
        default=114688,
        min=0,
        deprecated_opts=[
            cfg.DeprecatedOpt("osapi_max_request_body_size", group="DEFAULT"),
            cfg.DeprecatedOpt("max_request_body_size", group="DEFAULT"),
        ],
        help="Most bytes of a request body in the Compute API.",
    ),
)


@dataclass(frozen=True, slots=True)
class Middleware:
    """[oslo_middleware]: whether proxy headers are trusted, and the limit of request bodies.

    ``max_request_body_size`` is in bytes, and applies to the Compute API.
    """

    enable_proxy_headers_parsing: bool
    max_request_body_size: int


_IMAGE_QUOTAS = (
    cfg.IntOpt(
        "image_property_quota",
        default=128,
        help="Most properties of an image in the Image API; negative for unlimited.",
    ),
    cfg.IntOpt(
        "image_tag_quota", default=128, help="Most tags of an image; negative for unlimited."
    ),
    cfg.IntOpt(
        "image_member_quota", default=128, help="Most members of an image; negative for unlimited."
    ),
)
_PROJECT_QUOTAS = (
    cfg.Opt(
        "user_storage_quota",
        type=DataSize(),
        default=0,
        help="Most data that the images of a project may have: bytes, or a number with KB, MB, GB "
        "or TB (of 1024). 0 for unlimited.",
    ),
    cfg.IntOpt(
        "image_size_total",
        default=-1,
        help="Most MiB of data that the images of a project may have; a MiB that is not full does "
        "not count. Negative for unlimited.",
    ),
    cfg.IntOpt(
        "image_stage_total",
        default=-1,
        help="Most MiB of data that a project may have staged; negative for unlimited.",
    ),
    cfg.IntOpt(
        "image_count_total",
        default=-1,
        help="Most images of a project; negative for unlimited.",
    ),
    cfg.IntOpt(
        "image_count_uploading",
        default=-1,
        help="Most images of a project that may be given data at the same time; negative for "
        "unlimited.",
    ),
)
EMBEDDED: Sequence[cfg.Opt] = (
    cfg.IntOpt(
        "token_expiration",
        default=3600,
        min=1,
        help="Seconds until tokens of the embedded identity expire.",
    ),
    cfg.StrOpt("region_name", default="RegionOne", help="Region in the embedded catalog."),
    cfg.IntOpt("image_size_cap", default=2**40, min=1, help="Most bytes of an image's data."),
    cfg.Opt(
        "snapshot_seconds",
        type=Seconds(0.0),
        default=1.0,
        help="Seconds that a snapshot of a server takes, if a seed has servers: half of them "
        "queued, half of them saving.",
    ),
    *_IMAGE_QUOTAS,
    *_PROJECT_QUOTAS,
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """[embedded]: the embedded services. Times are in seconds.

    - ``token_expiration``: how long a new token is valid.
    - ``region_name``: the region of this process in its catalog.
    - ``image_size_cap``: the most bytes of data of an image.
    - ``snapshot_seconds``: how long a snapshot of a server takes.
    - ``image_property_quota``, ``image_tag_quota`` and ``image_member_quota``: the most properties,
      tags and members of an image. Negative for no limit.
    - ``user_storage_quota``: the most data that the images of a project may have, in bytes. 0 for
      no limit.
    - ``image_size_total``: the most data that the images of a project may have, in MiB. Negative
      for no limit.
    - ``image_stage_total``: the most data that a project may have staged, in MiB. Negative for no
      limit.
    - ``image_count_total``: the most images of a project. Negative for no limit.
    - ``image_count_uploading``: the most images of a project that may be given data at the same
      time. Negative for no limit.
    """

    token_expiration: int
    region_name: str
    image_size_cap: int
    snapshot_seconds: float
    image_property_quota: int
    image_tag_quota: int
    image_member_quota: int
    user_storage_quota: int
    image_size_total: int
    image_stage_total: int
    image_count_total: int
    image_count_uploading: int
