"""The ImageService over the Image API of a Glance."""

from glimpse.glance.image_locks import ImageLocks
from glimpse.glance.lock_service import UnusableLockService
from glimpse.glance.options import GlanceOptions
from glimpse.glance.servers import is_url
from glimpse.glance.service import GlanceImageService

__all__ = ["GlanceImageService", "GlanceOptions", "ImageLocks", "UnusableLockService", "is_url"]
