"""Options of [cors]: which web pages may use the APIs from a browser."""

from collections.abc import Sequence
from dataclasses import dataclass

from oslo_config import cfg

# The defaults are those of Compute, the Image service and the Identity service together, because
# one process has the APIs of all three.
CORS: Sequence[cfg.Opt] = (
    cfg.ListOpt(
        "allowed_origin",
        default=[],
        help="Origins of web pages whose scripts may use the APIs, such as "
        "https://horizon.example.com, without a slash at the end; * for all. Without it, no "
        "response has CORS headers.",
    ),
    cfg.BoolOpt(
        "allow_credentials",
        default=True,
        help="Let browsers send cookies and TLS client certificates, too. Tokens do not need it.",
    ),
    cfg.ListOpt(
        "expose_headers",
        default=[
            *("X-Auth-Token", "X-Openstack-Request-Id", "X-Subject-Token", "X-Service-Token"),
            *("X-OpenStack-Nova-API-Version", "OpenStack-API-Version", "X-Image-Meta-Checksum"),
            "Openstack-Auth-Receipt",
        ],
        help="Response headers that scripts may read, besides those that browsers always show.",
    ),
    cfg.IntOpt(
        "max_age",
        default=3600,
        help="Seconds that browsers cache a response to a preflight request; 0: they decide.",
    ),
    cfg.ListOpt(
        "allow_methods",
        default=["GET", "PUT", "POST", "DELETE", "PATCH"],
        help="Methods of requests that scripts may send.",
    ),
    cfg.ListOpt(
        "allow_headers",
        default=[
            *("X-Auth-Token", "X-Openstack-Request-Id", "X-Identity-Status", "X-Roles"),
            *("X-Service-Catalog", "X-User-Id", "X-Tenant-Id", "X-OpenStack-Nova-API-Version"),
            *("OpenStack-API-Version", "Content-MD5", "X-Image-Meta-Checksum", "X-Storage-Token"),
            *("Accept-Encoding", "X-Subject-Token", "X-Project-Id", "X-Project-Name"),
            *("X-Project-Domain-Id", "X-Project-Domain-Name", "X-Domain-Id", "X-Domain-Name"),
            "Openstack-Auth-Receipt",
        ],
        help="Headers that scripts may send, besides Accept, Accept-Language, Content-Type, "
        "Cache-Control, Content-Language, Expires, Last-Modified and Pragma.",
    ),
)


@dataclass(frozen=True, slots=True)
class Cors:
    """[cors]: which web pages may use the APIs from a browser.

    - ``allowed_origin``: the origins of the pages; ``*`` for all. If empty, no response has CORS
      headers.
    - ``allow_credentials``: True if browsers may send cookies and TLS client certificates.
    - ``expose_headers``: the response headers that scripts may read.
    - ``max_age``: how many seconds browsers cache the response to a preflight request; 0 lets
      browsers decide.
    - ``allow_methods`` and ``allow_headers``: the methods and headers that scripts may send.
    """

    allowed_origin: tuple[str, ...]
    allow_credentials: bool
    expose_headers: tuple[str, ...]
    max_age: int
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
