"""ImageService over HTTP: somebody's real Glance."""

from glimpse.glance.image_locks import ImageLocks
from glimpse.glance.lock_service import LockServiceError
from glimpse.glance.options import GlanceOptions
from glimpse.glance.servers import is_url
from glimpse.glance.service import GlanceImageService

__all__ = ["GlanceImageService", "GlanceOptions", "ImageLocks", "LockServiceError", "is_url"]
