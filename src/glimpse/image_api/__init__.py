"""The Image API v2 over the embedded image service, as far as native clients need it."""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
