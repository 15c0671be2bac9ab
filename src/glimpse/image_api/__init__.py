"""The Image API v2 of the embedded image service.

A gateway does not serve the Image API, because its clients use Glance. `unsupported_routes` lists
the routes of Glance that this API does not offer.
"""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
