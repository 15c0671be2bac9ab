"""ControlClient: calls the control API of a cloud."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 60.0  # far more than any call takes


class ControlFailed(Exception):
    """The control API responded with an error or no JSON, or did not respond; see the message.

    `status` is the status code of the response; None if there was no response.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ControlClient:
    """Sends requests to the control API at `url` (``http://HOST:PORT``), with its `token`."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._address = str(parts.hostname), int(parts.port or 80)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, document: object = None) -> Any:
        """Send a request, with `document` as JSON body; return the parsed JSON of the response.

        If `document` is None, the request has no body. Returns None if the response has no body.

        Raises ControlFailed for a status of 400 or more, for a response that is not JSON, and if
        the control API cannot be reached or sends nothing for 60 seconds. Raises TypeError if
        `document` cannot be written as JSON. Each call has a connection of its own, so any thread
        may call this method.
        """
        __tracebackhide__ = True  # pytest shows the test's line as the place of the error
        connection = http.client.HTTPConnection(*self._address, timeout=_SECONDS)
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ControlFailed(f"The cloud does not respond: {error}.") from error
        finally:
            connection.close()
        try:
            parsed = json.loads(content) if content else None
        except ValueError:
            raise ControlFailed(f"The response is not JSON: {content[:200]!r}", status) from None
        if status >= http.HTTPStatus.BAD_REQUEST:
            message = parsed.get("error") if isinstance(parsed, dict) else None
            raise ControlFailed(str(message or status), status)
        return parsed
