"""GlanceOptions: the options to find and call Glance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GlanceOptions:
    """The options to find and call Glance. Times are in seconds.

    `api_servers` are base URLs. If `api_servers` is empty, Glance is looked up in Keystone's
    catalog by `service_type`, `valid_interfaces` (in order of preference) and `region_name`.
    `num_retries` is the number of further attempts after the first. `total_timeout` limits a call
    with all its attempts.

    The fields up to `total_timeout` are options of ``[glance]``, whose defaults are in
    `settings.options`. Only tests change the other fields:

    - `server_backoff`: how long after a failure a server is tried only after all other servers.
    - `page_size`: the most images that are requested at once.
    - `max_image_bytes`: the most bytes of a response about one image; a larger one is an error. The
      default is twice Glance's default quota of 128 properties of 64 kB.
    - `max_page_bytes`: the most bytes of a page; a larger one is fetched again in smaller pages.
    - `schema_max_age`: how long the image schema is used before it is fetched again.
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
