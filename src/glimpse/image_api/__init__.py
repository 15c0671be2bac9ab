"""The Image API v2 of the embedded image service: what clients of Glance use most.

A gateway does not serve it: its clients use Glance.
"""

from glimpse.image_api.routes import image_api

__all__ = ["image_api"]
