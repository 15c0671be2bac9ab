"""GlanceOptions: the options to find and call Glance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GlanceOptions:
    """The options to find and call Glance. Times are in seconds.

    `api_servers` are base URLs; without any, Glance is looked up in the catalog by `service_type`,
    `valid_interfaces` (in order of preference) and `region_name`. `num_retries` is the number of
    further attempts after the first. `total_timeout` bounds a call with all its attempts.

    The fields up to `total_timeout` are options of ``[glance]``, whose defaults are in
    `settings.options`. The others are constants, for tests to set: a server that failed is tried
    last for `server_backoff`. A page has at most `page_size` images; one of more than
    `max_page_bytes` is fetched again in smaller pages. A response about one image that has more
    than `max_image_bytes` is an error: that is twice Glance's default quota of 128 properties of
    64 kB. The image schema is fetched again after `schema_max_age`.
    """

    api_servers: tuple[str, ...]
    service_type: str
    valid_interfaces: tuple[str, ...]
    region_name: str | None
    num_retries: int
    total_timeout: float
    server_backoff: float = 10.0
    page_size: int = 1000
    max_image_bytes: int = 16 * 1024 * 1024
    max_page_bytes: int = 4 * 1024 * 1024
    schema_max_age: float = 3600.0
