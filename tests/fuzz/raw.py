"""RawFuzzer: raw bytes with invalid heads or framing, pipelines, and odd packet sizes."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from tests.fuzz.random_source import RandomSource
from tests.fuzz.raw_values import (
    CHUNKS,
    FRAMINGS,
    GARBAGE,
    HOSTS,
    NO_IMAGE,
    ODD_HEADERS,
    ODD_LINES,
    UPGRADES,
)
from tests.fuzz.values import canary


class Case(NamedTuple):
    """Bytes that are sent in `packets`.

    `responses` is the number of responses that the server has to send; with None, it may send any
    number, or only close the connection. With `complete`, the server has no reason to wait for more
    bytes. Otherwise the client closes its side if there is no response.
    """

    name: str
    packets: tuple[bytes, ...]
    complete: bool = True
    responses: int | None = None


class RawFuzzer:
    """Makes random cases; `token` is a valid token."""

    def __init__(self, host: str, token: str) -> None:
        self._host = host
        self._token = token

    def case(self, rng: RandomSource, image: str, valid: bytes) -> Case:
        """Return a random case. `image` is the id of an image, `valid` a valid request."""
        base = self._request(rng, image)
        kind = rng.weighted(_KINDS)
        return kind(self, rng, base, valid)

    def _request(self, rng: RandomSource, image: str) -> tuple[list[str], bytes]:
        """Return the lines of a head without framing, and a body."""
        metadata, patch = b'{"metadata": {"a": "b"}}', b'[{"op":"add","path":"/a","value":"b"}]'
        patch_type = "application/openstack-images-v2.1-json-patch"
        line, kind, body = rng.pick(
            (
                ("GET /v2.1/images", None, b""),
                ("GET /v2.1/images/detail?limit=2", None, b""),
                ("GET /healthcheck", None, b""),
                ("HEAD /v2.1/", None, b""),
                ("GET /identity/v3/auth/catalog", None, b""),
                (f"POST /v2.1/images/{image}/metadata", "application/json", metadata),
                (f"PUT /image/v2/images/{image}/file", "application/octet-stream", b"x" * 100),
                (f"PATCH /image/v2/images/{image}", patch_type, patch),
                ("POST /image/v2/images", "application/json", b'{"name": "raw"}'),
                ("POST /identity/v3/auth/tokens", "application/json", b'{"auth": {}}'),
                ("PROPFIND /v2.1/images", None, b""),
                ("FOO /v2.1/images", "application/json", b"{}"),
            )
        )
        lines = [f"{line} HTTP/1.1", f"Host: {self._host}", f"X-Auth-Token: {self._token}"]
        if kind:
            lines.append(f"Content-Type: {kind}")
        return lines, body

    def bad_head(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return a request with an invalid request line or header."""
        lines, _body = base
        method, target, _version = lines[0].split(" ")
        odd = rng.pick(ODD_LINES).format(method=method, target=target, secret=canary(rng))
        if rng.chance(0.5):
            lines = [odd, *lines[1:]]
        else:
            lines.insert(rng.randint(1, len(lines)), rng.pick(ODD_HEADERS))
        end = rng.weighted({"\r\n": 10, "\n": 2, "\r": 1, "\r\n ": 0.5})
        head = end.join([*lines, "", ""]).encode("latin-1")
        return Case("bad head", _packets(rng, head), complete=False)

    def large_head(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return a request whose head has about the maximum size or more."""
        lines, _body = base
        size = rng.pick((60_000, 65_535, 65_536, 66_000, 200_000, 1_000_000))
        large = rng.pick((f"X-A: {'a' * size}", "X-B: b\r\n" * (size // 8), f"X{'n' * size}: 1"))
        if rng.chance(0.2):
            lines[0] = lines[0].replace(" HTTP", "?" + "q" * size + " HTTP")
        head = "\r\n".join([*lines, large, "", ""]).encode()
        step = rng.pick((len(head), 1000, 16_384, 65_536))
        return Case("large head", tuple(head[at : at + step] for at in range(0, len(head), step)))

    def framing(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return a request with a wrong or repeated Content-Length, or with invalid chunks."""
        lines, body = base
        headers = [each.format(length=len(body)) for each in rng.pick(FRAMINGS)]
        rng.shuffle(headers)
        if any("chunked" in each for each in headers) or rng.chance(0.1):
            body = rng.pick(CHUNKS).replace(b"BODY", b"%x\r\n%b\r\n" % (len(body), body))
        head = "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")
        return Case("framing", _packets(rng, head + body), complete=False)

    def pipeline(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return several pipelined requests; each must get a response."""
        parts = []
        count = rng.randint(2, 6)
        for number in range(count):
            lines, body = base if number % 2 else self._request(rng, NO_IMAGE)
            if lines[0].startswith("HEAD"):
                lines[0] = lines[0].replace("HEAD", "GET")
            head = [*lines, f"Content-Length: {len(body)}"] if body else lines
            parts.append("\r\n".join([*head, "", ""]).encode() + body)
        return Case("pipeline", _packets(rng, b"".join(parts)), responses=count)

    def upgrade(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return a request that offers to upgrade, with a body, and another request after it."""
        lines, body = base
        if lines[0].startswith("HEAD"):
            lines[0] = lines[0].replace("HEAD", "GET")
        headers = rng.pick(UPGRADES)
        chunked = bool(body) and rng.chance(0.4)
        framed = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        head = "\r\n".join([*lines, *headers, framed, "", ""]).encode()
        sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
        packets = (head, sent) if rng.chance(0.5) and sent else (head + sent,)
        return Case("upgrade", packets, responses=1)

    def hosts(self, rng: RandomSource, base: tuple[list[str], bytes], _: bytes) -> Case:
        """Return a request with no ``Host``, several, or an odd one."""
        lines, body = base
        del lines[1]
        lines[1:1] = rng.pick(HOSTS)
        lines.append(f"Content-Length: {len(body)}")
        return Case("hosts", ("\r\n".join([*lines, "", ""]).encode("latin-1") + body,))

    def garbage(self, rng: RandomSource, _: tuple[list[str], bytes], __: bytes) -> Case:
        """Return bytes of another protocol, or random ones."""
        sent = rng.pick((*GARBAGE, rng.randbytes(rng.randint(1, 3000))))
        return Case("garbage", _packets(rng, sent), complete=False)

    def spoiled(self, rng: RandomSource, _: tuple[list[str], bytes], valid: bytes) -> Case:
        """Return a valid request with a few bytes changed, inserted, repeated or removed."""
        sent = bytearray(valid[:8000])
        for _time in range(rng.randint(1, 4)):
            at = min(int(rng.random() ** 2 * len(sent)), len(sent) - 1)
            _SPOIL[rng.randrange(len(_SPOIL))](rng, sent, at)
            if not sent:
                break
        return Case("spoiled", _packets(rng, bytes(sent) or b"\n"), complete=False)

    def cut(self, rng: RandomSource, _: tuple[list[str], bytes], valid: bytes) -> Case:
        """Return a valid request that ends too early."""
        return Case("cut", (valid[: rng.randrange(1, len(valid))],), complete=False)


def _packets(rng: RandomSource, content: bytes) -> tuple[bytes, ...]:
    """Return `content` in one packet or several."""
    count = rng.weighted({1: 6, 2: 3, 5: 1, 40: 0.3})
    places = sorted(rng.randrange(len(content) + 1) for _ in range(count - 1))
    cuts = [0, *places, len(content)]
    return tuple(content[a:b] for a, b in pairwise(cuts) if a < b)


def _flip(rng: RandomSource, sent: bytearray, at: int) -> None:
    sent[at] = rng.randrange(256)


def _insert(rng: RandomSource, sent: bytearray, at: int) -> None:
    sent[at:at] = rng.pick(
        (b"\r", b"\n", b"\0", b" ", b":", b"\t", b"\r\n", b"\x85", b"\xff", b"%", b";")
    )


def _remove(rng: RandomSource, sent: bytearray, at: int) -> None:
    del sent[at : at + rng.randint(1, 8)]


def _copy(rng: RandomSource, sent: bytearray, at: int) -> None:
    start = rng.randrange(len(sent))
    sent[at:at] = sent[start : start + rng.randint(1, 80)]


_SPOIL: tuple[Callable[[RandomSource, bytearray, int], None], ...] = (
    _flip,
    _insert,
    _remove,
    _copy,
)
_KINDS = {
    RawFuzzer.bad_head: 6.0,
    RawFuzzer.large_head: 0.6,
    RawFuzzer.framing: 6.0,
    RawFuzzer.pipeline: 3.0,
    RawFuzzer.upgrade: 2.0,
    RawFuzzer.hosts: 1.0,
    RawFuzzer.garbage: 1.0,
    RawFuzzer.spoiled: 6.0,
    RawFuzzer.cut: 2.0,
}
