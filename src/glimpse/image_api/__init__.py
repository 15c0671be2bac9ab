"""The Image API v2 of the embedded image service: the part that clients of Glance use most."""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
