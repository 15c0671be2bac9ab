"""ImageService over HTTP: somebody's real Glance."""

from glimpse.glance.locks import CannotTakeTurns
from glimpse.glance.options import GlanceOptions
from glimpse.glance.servers import is_url
from glimpse.glance.service import GlanceImageService
from glimpse.glance.turns import Turns

__all__ = ["CannotTakeTurns", "GlanceImageService", "GlanceOptions", "Turns", "is_url"]
