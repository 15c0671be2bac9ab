"""The Image API v2 in front of the embedded image service: what native clients need of it."""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
