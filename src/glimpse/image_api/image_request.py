"""ImageRequest: the argument of the Image API's handlers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The argument of a handler: an authenticated request, and the image service to use."""

    service: EmbeddedImageService
    caller: Caller
    http: Request

    @property
    def image_id(self) -> str:
        """The image id in the path, which may be any text."""
        text: str = self.http.path_params["image_id"]
        return text


Handler = Callable[[ImageRequest], Awaitable[Response]]
