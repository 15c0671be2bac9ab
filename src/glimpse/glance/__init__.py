"""An ImageService over the Image API of a Glance."""

from glimpse.glance.api_servers import is_url
from glimpse.glance.image_locks import ImageLocks
from glimpse.glance.options import GlanceOptions
from glimpse.glance.service import GlanceImageService
from glimpse.glance.tooz_locks import UnusableLockService

__all__ = ["GlanceImageService", "GlanceOptions", "ImageLocks", "UnusableLockService", "is_url"]
