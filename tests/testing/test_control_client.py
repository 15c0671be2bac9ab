"""The client of the control API."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from glimpse.testing.control_client import ControlClient, ControlFailed


class _TextServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"Service Unavailable")

    def log_message(self, *_: object) -> None:
        pass


class _ComputeServer(_TextServer):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b'{"itemNotFound": {"code": 404}}')


def call_server(handler: type[BaseHTTPRequestHandler]) -> None:
    """Send one request of a ControlClient to a server with `handler`."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        try:
            ControlClient(f"http://127.0.0.1:{server.server_port}", "token").call("GET", "/faults")
        finally:
            thread.join()


def test_a_response_that_is_not_json_is_a_failure_of_the_control_api() -> None:
    with pytest.raises(ControlFailed, match="not JSON") as raised:
        call_server(_TextServer)
    assert raised.value.status == 503


def test_an_error_of_another_api_is_a_failure_with_the_status_code() -> None:
    """The URL may be that of the Compute API, by mistake."""
    with pytest.raises(ControlFailed, match="404") as raised:
        call_server(_ComputeServer)
    assert raised.value.status == 404
