"""`make bench`: what a request costs, beside nginx with the same bytes, and among how many images.

BENCH_IMAGES (1,000,000) and BENCH_STREAM (100,000) set the sizes. Exits with 1 when a bound of the
project is missed: see docs/performance.md.
"""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path

from bench.measure import Case, Client, http_request, keep_apart, measure, memory_mb
from bench.servers import SERVER_ID, Cloud, Nginx, image_id

FEW = 1000
MANY = int(os.environ.get("BENCH_IMAGES", "1000000"))
STREAM = int(os.environ.get("BENCH_STREAM", "100000"))
MOST_TIMES_NGINX = 15.0
MOST_TIMES_FEW = 1.5
MOST_MB = 150.0
LEAST_LOADED = 5000.0  # images a second: 100,000 in 20 s
FILTERS = {
    "unfiltered": "",
    "name": "&name=rare",
    "status": "&status=SAVING",
    "type": "&type=snapshot",
    "server": f"&server={SERVER_ID}",
    "property": "&property-edition=rare",
    "name and status": "&name=rare&status=SAVING",
}
WRITTEN = "write and page"
Verdict = tuple[bool, str]


def main() -> int:
    """Run everything, print the tables, return the exit status."""
    with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        stream = Cloud(directory / "stream", STREAM)
        loaded = STREAM / stream.load_seconds
        print(f"{STREAM:,} images loaded in {stream.load_seconds:.1f} s")
        verdicts = [(loaded >= LEAST_LOADED, f"{loaded:,.0f} images loaded in a second")]
        with stream:
            verdicts.append(_streaming(stream))
        few = stack.enter_context(Cloud(directory / "few", FEW))
        many = stack.enter_context(Cloud(directory / "many", MANY))
        nginx = stack.enter_context(Nginx(directory))
        keep_apart((few.pid, many.pid, nginx.worker_pid))
        verdicts += _beside_nginx(few, nginx)
        _walking(many)
        verdicts += _among_many(few, many)
        peak = max(memory_mb(cloud.pid, "VmHWM") for cloud in (few, many))
        verdicts.append((peak <= MOST_MB, f"memory at most {peak:.0f} MB among {MANY:,} images"))
    print("\nbounds")
    for good, text in verdicts:
        print(f"  {'ok    ' if good else 'MISSED'}  {text}")
    return 0 if all(good for good, _ in verdicts) else 1


def _streaming(cloud: Cloud) -> Verdict:
    """Memory at rest, and while an unlimited detail is sent."""
    rest = memory_mb(cloud.pid)
    size = Client(cloud.port).drain(http_request("/v2.1/images/detail", cloud.token))
    peak = memory_mb(cloud.pid, "VmHWM")
    print(f"memory: {rest:.0f} MB at rest, {peak:.0f} MB while {size / 1e6:.0f} MB are streamed")
    return peak <= MOST_MB, f"memory at most {peak:.0f} MB while {cloud.count:,} images stream"


def _beside_nginx(cloud: Cloud, nginx: Nginx) -> list[Verdict]:
    """Each operation, and nginx with the bytes of its answer."""
    client, static = Client(cloud.port), Client(nginx.port)
    newest = json.loads(client.ask(http_request("/v2.1/images?limit=1", cloud.token)))
    image = f"/v2.1/images/{newest['images'][0]['id']}"
    operations = {
        "show": (image, 200),
        "list 25": ("/v2.1/images?limit=25", 200),
        "detail 25": ("/v2.1/images/detail?limit=25", 200),
        "detail 1,000": ("/v2.1/images/detail?limit=1000", 10),
    }
    cases = {}
    for name, (path, times) in operations.items():
        request = http_request(path, cloud.token)
        (nginx.www / name.replace(" ", "-")).write_bytes(client.ask(request))
        same = http_request("/" + name.replace(" ", "-"), cloud.token)
        cases[name] = Case.asking(cloud.pid, client, request, times)
        cases["nginx " + name] = Case.asking(nginx.worker_pid, static, same, times)
    numbers = count()

    def write() -> None:
        body = b'{"meta": {"colour": "%d"}}' % next(numbers)
        client.ask(http_request(f"{image}/metadata/colour", cloud.token, body, "PUT"))

    cases["metadata write"] = Case(cloud.pid, write, 50)
    (nginx.www / "metadata-write").write_bytes(b'{"meta": {"colour": "100"}}')
    same = http_request("/metadata-write", cloud.token)
    cases["nginx metadata write"] = Case.asking(nginx.worker_pid, static, same, 200)
    costs = measure(cases)
    print("\nCPU of one worker a request, in us: median (extremes)")
    verdicts = []
    for name in (*operations, "metadata write"):
        ratio = costs[name].median / costs["nginx " + name].median
        print(f"  {name:15}{costs[name]!s:26}nginx {costs['nginx ' + name]!s:20}{ratio:5.1f}x")
        if name == "detail 25":
            verdicts.append((ratio <= MOST_TIMES_NGINX, f"detail of 25: {ratio:.1f}x nginx"))
    return verdicts


def _walking(cloud: Cloud) -> None:
    """Pages one after the other: what a page costs when nobody has asked for its images before."""
    client, numbers = Client(cloud.port), cycle(range(cloud.count - 1, 0, -25))

    def ask() -> None:
        path = f"/v2.1/images/detail?limit=25&marker={image_id(next(numbers))}"
        client.ask(http_request(path, cloud.token))

    print(f"  {'detail 25 anew':15}{measure({'': Case(cloud.pid, ask, 20)})['']}")


def _write_and_ask(cloud: Cloud, client: Client, request: bytes) -> Case:
    """A write, then the page: nothing that was read of it before may be used any more."""
    path = f"/v2.1/images/{image_id(1)}/metadata/colour"
    colours = count()

    def ask() -> None:
        body = b'{"meta": {"colour": "%d"}}' % next(colours)
        client.ask(http_request(path, cloud.token, body, "PUT"))
        client.ask(request)

    return Case(cloud.pid, ask, 50)


def _among_many(few: Cloud, many: Cloud) -> list[Verdict]:
    """Pages of 25 among few and many images: the first, and one in the middle, by every filter."""
    cases = {}
    for size, cloud in (("few", few), ("many", many)):
        client = Client(cloud.port)
        deep = f"&marker={image_id(cloud.count // 2)}"
        for name, parameters in FILTERS.items():
            for depth, marker in (("first", ""), ("deep", deep)):
                path = f"/v2.1/images/detail?limit=25{parameters}{marker}"
                request = http_request(path, cloud.token)
                assert len(json.loads(client.ask(request))["images"]) == 25  # noqa: PLR2004
                cases[name, depth, size] = Case.asking(cloud.pid, client, request, 100)
        for depth, marker in (("first", ""), ("deep", deep)):
            request = http_request(f"/v2.1/images/detail?limit=25{marker}", cloud.token)
            cases[WRITTEN, depth, size] = _write_and_ask(cloud, client, request)
    costs = measure(cases)
    print(f"\ndetail of 25 among {FEW:,} and among {MANY:,} images, in us of CPU")
    verdicts = []
    for name in (*FILTERS, WRITTEN):
        for depth in ("first", "deep"):
            one, other = costs[name, depth, "few"], costs[name, depth, "many"]
            ratio = other.median / one.median
            print(f"  {name:16}{depth:7}{one!s:26}{other!s:26}{ratio:4.2f}x")
            verdicts.append((ratio <= MOST_TIMES_FEW, f"{name}, {depth} page: {ratio:.2f}x"))
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
