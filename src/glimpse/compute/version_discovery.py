"""Version discovery, without a token: which versions of the Compute API there are."""

import contextlib
from collections.abc import Mapping

from starlette.types import Receive, Scope

from glimpse.compute.content_negotiation import ATOM, JSON_TYPES, preference, version_parameter
from glimpse.compute.error_responses import fault_response
from glimpse.compute.faults import Fault
from glimpse.compute.microversions import (
    Microversion,
    microversion_headers,
    requested_microversion,
)
from glimpse.compute.options import ComputeOptions
from glimpse.compute.request_parsing import (
    METHODS_WITH_BODY,
    check_content_type,
    check_query,
    header_text,
    parse_json,
)
from glimpse.compute.responses import Response, plain_json, request_id_headers
from glimpse.compute.version_documents import (
    VERSION_ROOTS,
    choices_document,
    version_document,
    versions_document,
)
from glimpse.http.bodies import BodyTooLarge, read_body
from glimpse.http.body_memory import TooManyBodies


class VersionDiscovery:
    """Responds to ``/``, the version roots, and all other paths not below a version root.

    No request needs a token. ``/`` lists the versions, and a version root (``/v2.1``) shows that
    version. Any other path gets a 300 with the URLs of the path below each version root, unless a
    header names a version (see `respond`).
    """

    def __init__(self, options: ComputeOptions) -> None:
        self._options = options

    async def respond(self, scope: Scope, receive: Receive, path: str) -> Response:
        """Return the response to a request; all methods are treated as GET.

        `path` has no repeated slashes. The first case that applies decides:

        - `path` or a header names a version, but the requested microversion is invalid: 400 or 406.
        - The request is malformed (see `_check`): 400 or 415.
        - `path` or a header names a version: 200 with the document of the version.
        - `path` is ``/``: 200 with all versions.
        - Any other path: 300 with the URLs of this path below each version root.

        For OPTIONS, a 400, 406 or 415 becomes 200 with an empty body. Raises ClientDisconnected if
        the client disconnects before the body is complete.
        """
        base_url, method = scope["glimpse.base_url"], scope["method"]
        advertised = str(self._options.advertised_microversion)
        content_type, root = _negotiate(scope["glimpse.headers"], path)
        microversion: Microversion | None = None
        try:
            if root is not None:
                microversion = requested_microversion(
                    scope["glimpse.headers"], root, self._options.max_microversion
                )
            await self._check(scope, receive)
        except Fault as fault:
            if method == "OPTIONS":
                return Response(200)
            is_in_version = root is not None
            return fault_response(
                fault, microversion, has_request_ids=is_in_version, is_private=False
            )
        headers = [(b"content-type", content_type.encode())]
        if root is not None:
            headers += [*microversion_headers(microversion), *request_id_headers()]
            document = version_document(base_url, root, advertised)
        elif path == "/":
            document = versions_document(base_url, advertised)
        else:
            return Response(300, plain_json(choices_document(base_url, path)), headers)
        return Response(200, plain_json(document), headers)

    async def _check(self, scope: Scope, receive: Receive) -> None:
        """Raise a fault for a malformed request.

        A Content-Type that is not allowed is 415. The body of a POST or PUT that is not JSON is
        400, and so is a query that is not UTF-8. Bodies of other methods are not read. A body is
        not checked if it is above `max_body_size` or if the memory for request bodies is used up.
        Raises ClientDisconnected if the client disconnects before the body is complete.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        check_content_type(headers.get(b"content-type"))
        if scope["method"] in METHODS_WITH_BODY:
            with contextlib.suppress(BodyTooLarge, TooManyBodies):
                parse_json(await read_body(receive, headers, self._options.max_body_size))
        check_query(scope["query_string"])


def _negotiate(headers: Mapping[bytes, bytes], path: str) -> tuple[str, str | None]:
    """Return the response's content type, and the root of the version to describe (``/v2.1``).

    The content type is the type that Accept prefers; JSON if Accept names no offered type. Atom is
    offered only for the paths ``/``, ``/v2/`` and ``/v2.1/``.

    The root is `path`, if `path` is a version root. Otherwise a parameter ``version`` names the
    version, as in ``application/json;version=2.1``. The parameter in Content-Type has precedence
    over the parameter of the preferred type in Accept. The root is None if there is no such
    parameter or no such version.
    """
    offers_atom = path in ("/", "/v2/", "/v2.1/")
    preferred = preference(
        header_text(headers, b"accept"), (*JSON_TYPES, ATOM) if offers_atom else JSON_TYPES
    )
    named = version_parameter(header_text(headers, b"content-type")) or preferred.version
    for root in (path.rstrip("/"), f"/v{named}"):
        if root in VERSION_ROOTS:
            return preferred.content_type, root
    return preferred.content_type, None
