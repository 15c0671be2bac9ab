"""`make bench`: CPU per request, compared with nginx, and among few and many images.

BENCH_IMAGES (1,000,000) and BENCH_STREAM (100,000) set the sizes. Exits with 1 when a bound of
docs/performance.md is missed.
"""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path

from bench.measure import Case, Client, http_request, measure, memory_mb, separate_cores
from bench.servers import SERVER_ID, Cloud, Nginx, image_id

FEW = 1000
MANY = int(os.environ.get("BENCH_IMAGES", "1000000"))
STREAM = int(os.environ.get("BENCH_STREAM", "100000"))
MAX_NGINX_RATIO = 15.0
MAX_GROWTH_RATIO = 1.5
MAX_MB = 150.0
MIN_LOAD_RATE = 5000.0  # images per second: 100,000 in 20 s
FILTERS = {
    "unfiltered": "",
    "name": "&name=rare",
    "status": "&status=SAVING",
    "type": "&type=snapshot",
    "server": f"&server={SERVER_ID}",
    "property": "&property-edition=rare",
    "name and status": "&name=rare&status=SAVING",
}
WRITE_AND_PAGE = "write and page"
Check = tuple[bool, str]


def main() -> int:
    """Run everything, print the tables, return the exit status."""
    with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        stream = Cloud(directory / "stream", STREAM)
        loaded = STREAM / stream.load_seconds
        print(f"{STREAM:,} images loaded in {stream.load_seconds:.1f} s")
        checks = [(loaded >= MIN_LOAD_RATE, f"{loaded:,.0f} images loaded in a second")]
        with stream:
            checks.append(_measure_streaming(stream))
        few = stack.enter_context(Cloud(directory / "few", FEW))
        many = stack.enter_context(Cloud(directory / "many", MANY))
        nginx = stack.enter_context(Nginx(directory))
        separate_cores((few.pid, many.pid, nginx.worker_pid))
        checks += _compare_with_nginx(few, nginx)
        _measure_uncached_pages(many)
        checks += _measure_growth(few, many)
        peak = max(memory_mb(cloud.pid, "VmHWM") for cloud in (few, many))
        checks.append((peak <= MAX_MB, f"memory at most {peak:.0f} MB among {MANY:,} images"))
    print("\nbounds")
    for good, text in checks:
        print(f"  {'ok    ' if good else 'MISSED'}  {text}")
    return 0 if all(good for good, _ in checks) else 1


def _measure_streaming(cloud: Cloud) -> Check:
    """Check the peak of memory while an unlimited detailed list is sent."""
    rest = memory_mb(cloud.pid)
    size = Client(cloud.port).drain(http_request("/v2.1/images/detail", cloud.token))
    peak = memory_mb(cloud.pid, "VmHWM")
    print(f"memory: {rest:.0f} MB at rest, {peak:.0f} MB while {size / 1e6:.0f} MB are streamed")
    return peak <= MAX_MB, f"memory at most {peak:.0f} MB while {cloud.count:,} images stream"


def _compare_with_nginx(cloud: Cloud, nginx: Nginx) -> list[Check]:
    """Measure each operation, and nginx with a file of the same bytes."""
    client, static = Client(cloud.port), Client(nginx.port)
    newest = json.loads(client.fetch(http_request("/v2.1/images?limit=1", cloud.token)))
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
        (nginx.www / name.replace(" ", "-")).write_bytes(client.fetch(request))
        same = http_request("/" + name.replace(" ", "-"), cloud.token)
        cases[name] = Case.repeating(cloud.pid, client, request, times)
        cases["nginx " + name] = Case.repeating(nginx.worker_pid, static, same, times)
    numbers = count()

    def write() -> None:
        body = b'{"meta": {"colour": "%d"}}' % next(numbers)
        client.fetch(http_request(f"{image}/metadata/colour", cloud.token, body, "PUT"))

    cases["metadata write"] = Case(cloud.pid, write, 50)
    (nginx.www / "metadata-write").write_bytes(b'{"meta": {"colour": "100"}}')
    same = http_request("/metadata-write", cloud.token)
    cases["nginx metadata write"] = Case.repeating(nginx.worker_pid, static, same, 200)
    costs = measure(cases)
    print("\nCPU of one worker a request, in us: median (extremes)")
    checks = []
    for name in (*operations, "metadata write"):
        ratio = costs[name].median / costs["nginx " + name].median
        print(f"  {name:15}{costs[name]!s:26}nginx {costs['nginx ' + name]!s:20}{ratio:5.1f}x")
        if name == "detail 25":
            checks.append((ratio <= MAX_NGINX_RATIO, f"detail of 25: {ratio:.1f}x nginx"))
    return checks


def _measure_uncached_pages(cloud: Cloud) -> None:
    """Measure pages whose images no earlier request has read into the cache."""
    client, numbers = Client(cloud.port), cycle(range(cloud.count - 1, 0, -25))

    def action() -> None:
        path = f"/v2.1/images/detail?limit=25&marker={image_id(next(numbers))}"
        client.fetch(http_request(path, cloud.token))

    print(f"  {'detail 25 anew':15}{measure({'': Case(cloud.pid, action, 20)})['']}")


def _write_and_list(cloud: Cloud, client: Client, request: bytes) -> Case:
    """Return a case of a write and a page, which the write has invalidated in the cache."""
    path = f"/v2.1/images/{image_id(1)}/metadata/colour"
    colours = count()

    def action() -> None:
        body = b'{"meta": {"colour": "%d"}}' % next(colours)
        client.fetch(http_request(path, cloud.token, body, "PUT"))
        client.fetch(request)

    return Case(cloud.pid, action, 50)


def _measure_growth(few: Cloud, many: Cloud) -> list[Check]:
    """Compare a first and a middle page of 25 among few and many images, by each filter."""
    cases = {}
    for size, cloud in (("few", few), ("many", many)):
        client = Client(cloud.port)
        deep = f"&marker={image_id(cloud.count // 2)}"
        for name, parameters in FILTERS.items():
            for depth, marker in (("first", ""), ("deep", deep)):
                path = f"/v2.1/images/detail?limit=25{parameters}{marker}"
                request = http_request(path, cloud.token)
                assert len(json.loads(client.fetch(request))["images"]) == 25  # noqa: PLR2004  the limit of the request
                cases[name, depth, size] = Case.repeating(cloud.pid, client, request, 100)
        for depth, marker in (("first", ""), ("deep", deep)):
            request = http_request(f"/v2.1/images/detail?limit=25{marker}", cloud.token)
            cases[WRITE_AND_PAGE, depth, size] = _write_and_list(cloud, client, request)
    costs = measure(cases)
    print(f"\ndetail of 25 among {FEW:,} and among {MANY:,} images, in us of CPU")
    checks = []
    for name in (*FILTERS, WRITE_AND_PAGE):
        for depth in ("first", "deep"):
            one, other = costs[name, depth, "few"], costs[name, depth, "many"]
            ratio = other.median / one.median
            print(f"  {name:16}{depth:7}{one!s:26}{other!s:26}{ratio:4.2f}x")
            checks.append((ratio <= MAX_GROWTH_RATIO, f"{name}, {depth} page: {ratio:.2f}x"))
    return checks


if __name__ == "__main__":
    sys.exit(main())
