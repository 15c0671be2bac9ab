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
from glimpse.http.body_budget import TooManyBodies


class VersionDiscovery:
    """Handles ``/``, the version roots, and every other path that is not below a version root."""

    def __init__(self, options: ComputeOptions) -> None:
        self._options = options

    async def respond(self, scope: Scope, receive: Receive, path: str) -> Response:
        """Return the response to a request; all methods are treated as GET.

        `path` is the request's, with repeated slashes as one. The first that applies: 400, 406 or
        415 for a malformed request (200 and empty for OPTIONS); 200 with one version, if the path
        is its root or a header names it (see `_negotiate`); 200 with all versions for ``/``; 300
        with the possible URLs for any other path. Raises ClientDisconnected.
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
        """Raise a fault for a malformed request: 415 for its Content-Type, 400 for body or query.

        The body of a POST or PUT must be JSON, and is not used. One that is too large, or that has
        no room in memory, is ignored. Raises ClientDisconnected.
        """
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        check_content_type(headers.get(b"content-type"))
        if scope["method"] in METHODS_WITH_BODY:
            with contextlib.suppress(BodyTooLarge, TooManyBodies):
                parse_json(await read_body(receive, headers, self._options.max_body_size))
        check_query(scope["query_string"])


def _negotiate(headers: Mapping[bytes, bytes], path: str) -> tuple[str, str | None]:
    """Return the response's content type, and the root of the version to describe (``/v2.1``).

    The root is `path` if that is one. Otherwise a header may name the version with the parameter
    ``version`` (``application/json;version=2.1``): Content-Type, or Accept if Content-Type has no
    such parameter. The root is None if neither does, or if this API has no version of that name.

    The content type is the one that Accept prefers; Atom is offered for the paths ``/``, ``/v2/``
    and ``/v2.1/`` only.
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
