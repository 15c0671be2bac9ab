"""The ids that tie one request to its log lines and to the calls it makes to other services."""

from contextvars import ContextVar
from typing import NamedTuple


class RequestIds(NamedTuple):
    """Ids of the request being served, both of the form ``req-<uuid>``.

    ``global_id`` is what the client sent in ``X-Openstack-Request-Id``, None when it sent none or
    something else; it is passed on to the Image service (oslo.middleware's convention).
    """

    request_id: str
    global_id: str | None = None


NO_REQUEST = RequestIds("-")

current_request: ContextVar[RequestIds] = ContextVar("glimpse_request", default=NO_REQUEST)
