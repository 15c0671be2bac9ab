"""Discovery: which versions there are, told to who has no token yet."""

import contextlib

from starlette.types import Receive, Scope, Send

from glimpse.compute import responses
from glimpse.compute.content_negotiation import ATOM, JSON_TYPES, preference, version_parameter
from glimpse.compute.faults import Fault
from glimpse.compute.microversions import Microversion
from glimpse.compute.options import ComputeOptions
from glimpse.compute.request_parsing import (
    VERBS_WITH_BODY,
    check_content_type,
    check_query,
    header_text,
    parse_json,
)
from glimpse.compute.version_documents import choices_document, version_document, versions_document
from glimpse.http.bodies import BodyTooLarge, ClientGone, TooManyBodies, read_body

_VERSIONS = {"/v2": "v2.0", "/v2.1": "v2.1"}
_ROOTS = {version: root for root, version in _VERSIONS.items()}


class Discovery:
    """Serves ``/``, the roots of the versions, and every path that is below neither of them."""

    def __init__(self, options: ComputeOptions) -> None:
        self._options = options

    async def serve(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """Answer a request for `path`, whatever it is."""
        base_url = scope["glimpse.base_url"]
        advertised = str(self._options.advertised_microversion)
        status = 200
        content_type, version = _negotiated(scope["glimpse.headers"], path)
        headers = [(b"content-type", content_type.encode())]
        microversion: Microversion | None = None
        try:
            if version is not None:
                microversion = self._options.microversion(scope["glimpse.headers"], _ROOTS[version])
            await self._check(scope, receive)
        except Fault as fault:
            if scope["method"] == "OPTIONS":
                await responses.send_body(send, 200, [], b"", "OPTIONS")
            else:
                ids = version is not None
                await responses.send_fault(send, fault, microversion, ids=ids, private=False)
            return
        except ClientGone:
            return
        if version is not None:
            document = version_document(base_url, version, advertised)
            headers += [*responses.version_headers(microversion), *responses.request_id_headers()]
        elif path == "/":
            document = versions_document(base_url, advertised)
        else:
            status, document = 300, choices_document(base_url, path)
        await responses.send_body(
            send, status, headers, responses.plain_json(document), scope["method"]
        )

    def version(self, scope: Scope, root: str) -> bytes:
        """The document of a version, as it is shown below its root, where a token is asked for."""
        advertised = str(self._options.advertised_microversion)
        name = _VERSIONS[root]
        return responses.plain_json(version_document(scope["glimpse.base_url"], name, advertised))

    async def _check(self, scope: Scope, receive: Receive) -> None:
        """Raise a fault for what no request may have; a body that is JSON means nothing here."""
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        check_content_type(headers.get(b"content-type"))
        if scope["method"] in VERBS_WITH_BODY:
            with contextlib.suppress(BodyTooLarge, TooManyBodies):
                parse_json(await read_body(receive, headers, self._options.max_body_size))
        check_query(scope["query_string"])


def _negotiated(headers: dict[bytes, bytes], path: str) -> tuple[str, str | None]:
    """The type of a discovery document and, where the path or a header names one, its version.

    A header's version counts at every path that has none.
    """
    slash = path in ("/", "/v2/", "/v2.1/")
    wanted = preference(
        header_text(headers, b"accept"), (*JSON_TYPES, ATOM) if slash else JSON_TYPES
    )
    asked = version_parameter(header_text(headers, b"content-type")) or wanted.version
    version = _VERSIONS.get(path.rstrip("/")) or _VERSIONS.get(f"/v{asked}")
    return wanted.content_type, version
