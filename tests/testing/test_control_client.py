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


def test_a_response_that_is_not_json_is_a_failure_of_the_control_api() -> None:
    with HTTPServer(("127.0.0.1", 0), _TextServer) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        client = ControlClient(f"http://127.0.0.1:{server.server_port}", "token")
        with pytest.raises(ControlFailed, match="not JSON") as raised:
            client.call("GET", "/faults")
        thread.join()
    assert raised.value.status == 503
