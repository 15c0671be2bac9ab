"""Options of Glance clients under test."""

from typing import Any

from glimpse.glance import GlanceOptions


def glance_options(*servers: str, **changes: Any) -> GlanceOptions:
    """Options for these servers, usual but for `changes`."""
    usual: dict[str, Any] = {
        "service_type": "image",
        "valid_interfaces": ("internal", "public"),
        "region_name": None,
        "num_retries": 3,
        "connect_timeout": 5.0,
        "first_byte_timeout": 30.0,
        "total_timeout": 60.0,
    }
    return GlanceOptions(servers, **usual | changes)
