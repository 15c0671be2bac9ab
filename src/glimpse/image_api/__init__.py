"""The Image API v2 of the embedded image service.

A gateway does not serve it: its clients use Glance. `unsupported_routes` has what it does not
offer.
"""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
