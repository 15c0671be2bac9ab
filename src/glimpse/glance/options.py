"""GlanceOptions: everything the Glance client can be told, as one value."""

from dataclasses import dataclass, field

from glimpse.upstream.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class GlanceOptions:
    """How to reach Glance, and how long to wait for it. Times are in seconds.

    ``api_servers`` are base URLs without ``/v2``, none if Glance has to be looked up.
    ``total_timeout`` bounds one call with all its retries, ``first_byte_timeout`` each silence
    within it. ``turn_timeout`` bounds a writer's wait for other writers of the same image. A page
    of a list that has more than ``max_page_bytes`` is asked for again in smaller ones. One image
    has at most ``max_answer_bytes``: Glance's default quota of 128 properties of 64 kB is half.
    """

    api_servers: tuple[str, ...]
    num_retries: int = 3
    connect_timeout: float = 5.0
    first_byte_timeout: float = 30.0
    total_timeout: float = 60.0
    turn_timeout: float = 60.0
    rest_time: float = 10.0
    page_size: int = 1000
    max_answer_bytes: int = 16 * 1024 * 1024
    max_page_bytes: int = 4 * 1024 * 1024
    schema_max_age: float = 3600.0
    tls: TlsOptions = field(default_factory=TlsOptions)
