"""Options of the process: addresses, workers, logging, health checks, metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oslo_config import cfg

from glimpse.settings.options.bounds import Seconds

METRICS_PORT = 9774
DEFAULT_PORT = 8774
# The usual ports of OpenStack services. The argument --standard-ports sets them.
STANDARD_IMAGE_PORT = 9292
STANDARD_IDENTITY_PORT = 5000
_PORT_MAX = 65535
_MAX_WORKERS = 1024  # more than any machine has cores; a typing error must not fill its memory

ImageServiceName = Literal["embedded", "glance"]

GLIMPSE: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", default="127.0.0.1", help="Address to listen on."),
    cfg.IntOpt("port", default=DEFAULT_PORT, min=0, max=_PORT_MAX, help="TCP port to listen on."),
    cfg.IntOpt(
        "image_port",
        min=1,
        max=_PORT_MAX,
        help="TCP port of the embedded Image API alone. Without it: /image at port.",
    ),
    cfg.IntOpt(
        "identity_port",
        min=1,
        max=_PORT_MAX,
        help="TCP port of the embedded Identity API alone. Without it: /identity at port.",
    ),
    cfg.IntOpt(
        "workers",
        default=1,
        min=1,
        max=_MAX_WORKERS,
        help="Number of processes that serve.",
    ),
    cfg.StrOpt(
        "state_dir",
        sample_default="~/.local/share/glimpse",
        help="Directory of the embedded services' state, created with mode 0700. "
        "Without it: glimpse in XDG_DATA_HOME, or in ~/.local/share.",
    ),
    cfg.StrOpt(
        "image_service",
        choices=["embedded", "glance"],
        help="Where images are kept. Without it: glance if auth_strategy is keystone, embedded "
        "otherwise.",
    ),
    cfg.IntOpt(
        "graceful_shutdown_timeout",
        default=60,
        min=1,
        help="Seconds that requests in flight have to end when the process stops.",
    ),
    cfg.Opt(
        "client_timeout",
        type=Seconds(),
        default=60.0,
        help="Seconds that a client may take to send the head of a request, and the longest pause "
        "in a body or a response, before its connection is closed.",
    ),
    cfg.BoolOpt("access_log", default=True, help="Log one line for each request."),
)

LOGGING: Sequence[cfg.Opt] = (
    cfg.BoolOpt("debug", default=False, help="Log at level DEBUG instead of INFO."),
    cfg.BoolOpt("use_json", default=False, help="Log one JSON object a line."),
    cfg.StrOpt(
        "log_file",
        deprecated_name="logfile",
        help="File to log to; without it: glimpse.log in log_dir, or standard error.",
    ),
    cfg.StrOpt(
        "log_dir", deprecated_name="logdir", help="Directory that a relative log_file is in."
    ),
    cfg.StrOpt(
        "log_date_format",
        default="%Y-%m-%d %H:%M:%S",
        help="Format of dates in log lines, as strftime takes it.",
    ),
    cfg.StrOpt(
        "logging_default_format_string",
        default="%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] %(message)s",
        help="Format of log lines that belong to no request.",
    ),
    cfg.StrOpt(
        "logging_context_format_string",
        default="%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s "
        "[%(global_request_id)s %(request_id)s %(user_identity)s] %(message)s",
        help="Format of log lines that belong to a request.",
    ),
    cfg.StrOpt(
        "logging_user_identity_format",
        default="%(user)s %(project)s",
        help="Format of user_identity: user, project, user_domain and project_domain are ids.",
    ),
    cfg.StrOpt(
        "logging_debug_format_suffix",
        default="",
        help="What is added to the format of lines of level DEBUG.",
    ),
    cfg.StrOpt(
        "logging_exception_prefix",
        default="",
        help="Format of what each line of a traceback begins with.",
    ),
)


@dataclass(frozen=True, slots=True)
class Server:
    """[glimpse] and [DEFAULT]: how the process listens, stops and logs. Times are in seconds.

    - ``host`` and ``port``: the address to listen on. Port 0 is any free port.
    - ``image_port`` and ``identity_port``: ports of the Image API and of the Identity API alone.
      None if the API is served at ``port``, or not at all.
    - ``workers``: the number of worker processes.
    - ``state_dir``: the directory with the embedded services' state.
    - ``graceful_shutdown_timeout``: how long requests may still run when the process stops.
    - ``client_timeout``: how long a client may take to send the head of a request, and how long a
      client may pause in a body or a response.
    - ``access_log``: True if each request is logged.
    - ``log_file`` and ``log_dir``: where to log. A relative ``log_file`` is in ``log_dir``. With
      only ``log_dir``, the file is ``glimpse.log``. If both are None or empty, the log is on
      standard error.
    - The other fields are the level and the formats of the log, as in oslo.log.
    """

    host: str
    port: int
    image_port: int | None
    identity_port: int | None
    workers: int
    state_dir: Path
    graceful_shutdown_timeout: int
    client_timeout: float
    access_log: bool
    debug: bool
    use_json: bool
    log_file: str | None
    log_dir: str | None
    log_date_format: str
    logging_default_format_string: str
    logging_context_format_string: str
    logging_user_identity_format: str
    logging_debug_format_suffix: str
    logging_exception_prefix: str


HEALTHCHECK: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "path",
        default="/healthcheck",
        regex=r"^/(?!v2|v3|versions|image|identity)[^\s/?#]",
        help="Path of the health check, for load balancers.",
    ),
    cfg.BoolOpt(
        "detailed",
        default=False,
        help="Add the state of the interpreter and of its threads. Not where strangers can see it.",
    ),
    cfg.ListOpt(
        "backends",
        default=["disable_by_file"],
        help="Backends to use: disable_by_file, disable_by_files_ports, enable_by_files.",
    ),
    cfg.StrOpt("disable_by_file_path", help="File that makes the response 503 while it exists."),
    cfg.ListOpt(
        "disable_by_file_paths",
        default=[],
        help="port:path pairs: files that make the response to requests at that port 503 while "
        "they exist (disable_by_files_ports).",
    ),
    cfg.ListOpt(
        "enable_by_file_paths",
        default=[],
        help="Files that must all exist, or the response is 503 (enable_by_files).",
    ),
    cfg.ListOpt(
        "allowed_source_ranges",
        default=[],
        help="Networks from which requests are health checks; from others they go on to the API. "
        "Without it: all networks.",
    ),
    cfg.BoolOpt(
        "ignore_proxied_requests",
        default=False,
        help="Let requests with an X-Forwarded header go on to the API.",
    ),
)


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """[healthcheck]: the health check for load balancers, as in oslo.middleware.

    - ``path``: the URL path of the health check.
    - ``detailed``: True if the response shows the state of the interpreter and of its threads.
    - ``backends``: which checks are used: ``disable_by_file``, ``disable_by_files_ports`` or
      ``enable_by_files``.
    - ``disable_by_file_path``: for disable_by_file. While this file exists, the response is 503.
    - ``disable_by_file_paths``: for disable_by_files_ports, ``port:path`` pairs. While such a file
      exists, the response at its port is 503.
    - ``enable_by_file_paths``: for enable_by_files. While one of these files is missing, the
      response is 503.
    - ``allowed_source_ranges``: requests from other networks are not health checks, and go on to
      the API. If empty, all networks are allowed.
    - ``ignore_proxied_requests``: True if requests with an X-Forwarded header go on to the API,
      too.
    """

    path: str
    detailed: bool
    backends: tuple[str, ...]
    disable_by_file_path: str | None
    disable_by_file_paths: tuple[str, ...]
    enable_by_file_paths: tuple[str, ...]
    allowed_source_ranges: tuple[str, ...]
    ignore_proxied_requests: bool


METRICS: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", default="127.0.0.1", help="Address to serve /metrics on."),
    cfg.IntOpt(
        "port",
        min=0,
        max=_PORT_MAX,
        help="TCP port of /metrics, for Prometheus; 0 for none, and nothing is counted. "
        f"Without it: {METRICS_PORT} if image_service is glance and that port is free, "
        "0 otherwise.",
    ),
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """[metrics]: the address at which Prometheus scrapes this process.

    Port 0 means that there are no metrics. ``is_required`` is True if the port is configured. Then
    the process does not start if the port is in use. If ``is_required`` is False and the port is in
    use, the process runs without metrics.
    """

    host: str
    port: int
    is_required: bool
