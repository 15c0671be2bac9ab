"""Clients that offer HTTP/2 with each request over plain HTTP can log in."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess

JAVA = """
import java.net.URI;
import java.net.http.*;
public class Client {
    public static void main(String[] arguments) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(arguments[1])).build();
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < 2; i++) {
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode());
        }
    }
}
"""


def _login(process: GlimpseProcess) -> tuple[str, str]:
    """Return the URL and the body of a login of the user ``demo``."""
    users = json.loads((process.state_dir / "identity.json").read_text())["users"]
    password = next(user["password"] for user in users if user["name"] == "demo")
    user = {"name": "demo", "domain": {"id": "default"}, "password": password}
    identity = {"methods": ["password"], "password": {"user": user}}
    return f"{process.base_url}/identity/v3/auth/tokens", json.dumps(
        {"auth": {"identity": identity}}
    )


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_logs_in_with_http2(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        url, body = _login(process)
        command = ["curl", "-s", "--http2", "-o", "/dev/null", "-w", "%{http_code} "]
        command += ["-H", "Content-Type: application/json", "-d", body, url]
        done = subprocess.run([*command, "--next", *command[1:]], capture_output=True, check=True)
    assert done.stdout == b"201 201 "


@pytest.mark.skipif(not shutil.which("java"), reason="needs java")
def test_java_logs_in(tmp_path: Path) -> None:
    program = tmp_path / "Client.java"
    program.write_text(JAVA)
    with GlimpseProcess(tmp_path / "state") as process:
        command = ["java", str(program), *_login(process)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == [b"201", b"201"]
