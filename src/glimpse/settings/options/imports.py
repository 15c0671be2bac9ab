"""Options of imports in the embedded Image API: allowed downloads, and how much at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from oslo_config import cfg, types

from glimpse.settings.options.bounds import Seconds

_PORT = types.Integer(min=1, max=65535)

IMPORT: Sequence[cfg.Opt] = (
    cfg.ListOpt(
        "methods",
        item_type=types.String(choices=["glance-direct", "web-download"]),
        default=["glance-direct", "web-download"],
        help="Methods of import that are enabled: glance-direct (data that was staged before), "
        "web-download (data at a URL).",
    ),
    cfg.ListOpt(
        "allowed_schemes",
        default=["http", "https"],
        help="Schemes of URLs for web-download. If it is empty, disallowed_schemes decides. Others "
        "than http and https are never downloaded.",
    ),
    cfg.ListOpt("disallowed_schemes", default=[], help="Used if allowed_schemes is empty."),
    cfg.ListOpt(
        "allowed_hosts",
        default=[],
        help="Hosts of URLs for web-download, also of redirects. If it is empty, disallowed_hosts "
        "decides.",
    ),
    cfg.ListOpt("disallowed_hosts", default=[], help="Used if allowed_hosts is empty."),
    cfg.ListOpt(
        "allowed_ports",
        item_type=_PORT,
        default=[80, 443],
        help="Ports of URLs for web-download. If it is empty, disallowed_ports decides.",
    ),
    cfg.ListOpt(
        "disallowed_ports", item_type=_PORT, default=[], help="Used if allowed_ports is empty."
    ),
    cfg.ListOpt(
        "allowed_networks",
        default=[],
        help="Networks (CIDR) that web-download may connect to although they are not on the "
        "Internet: private, loopback, link-local and other special addresses are refused.",
    ),
    cfg.Opt(
        "connect_timeout",
        type=Seconds(),
        default=10.0,
        help="Seconds to look up the host of a URL, and as many to connect to it.",
    ),
    cfg.Opt(
        "idle_timeout",
        type=Seconds(),
        default=60.0,
        help="Seconds to wait for a response to begin, and for each next part of it.",
    ),
    cfg.Opt(
        "timeout", type=Seconds(), default=14400.0, help="Seconds that a web-download may take."
    ),
    cfg.StrOpt("cafile", help="PEM file of the authorities that sign the certificates of https."),
    cfg.IntOpt(
        "max_running", default=4, min=1, help="Imports that a worker process runs at a time."
    ),
    cfg.IntOpt(
        "max_waiting",
        default=100,
        min=0,
        help="Imports that wait in a worker process; further ones are refused with 503.",
    ),
    cfg.IntOpt(
        "project_share",
        default=75,
        min=1,
        max=100,
        help="Percent of max_running and of max_waiting that the imports of one project may take, "
        "but at least one of each. A free place goes to the project with the fewest running "
        "imports.",
    ),
)


@dataclass(frozen=True, slots=True)
class Import:
    """[import]: imports in the embedded Image API. Times are in seconds.

    - ``methods``: the enabled methods of import.
    - ``allowed_schemes``, ``allowed_hosts`` and ``allowed_ports``: what URLs for web-download may
      have. Other schemes than http and https are never downloaded.
    - ``disallowed_schemes``, ``disallowed_hosts`` and ``disallowed_ports``: what these URLs may not
      have. Each of these fields is used only if its ``allowed_`` field is empty.
    - ``allowed_networks``: networks that web-download may connect to although they are not on the
      Internet.
    - ``connect_timeout``: the longest time to look up a host, and the longest time to connect to
      it.
    - ``idle_timeout``: the longest wait for the start of a response, and for each next part of it.
    - ``timeout``: the longest time of a web-download.
    - ``cafile``: the authorities that sign certificates of https; None for those of the system.
    - ``max_running`` and ``max_waiting``: how many imports may run, and may wait, in a worker
      process. Further imports get 503.
    - ``project_share``: the percentage of ``max_running``, and of ``max_waiting``, that the imports
      of one project may take, but at least one of each.
    """

    methods: tuple[str, ...]
    allowed_schemes: tuple[str, ...]
    disallowed_schemes: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    disallowed_hosts: tuple[str, ...]
    allowed_ports: tuple[int, ...]
    disallowed_ports: tuple[int, ...]
    allowed_networks: tuple[str, ...]
    connect_timeout: float
    idle_timeout: float
    timeout: float
    cafile: str | None
    max_running: int
    max_waiting: int
    project_share: int
