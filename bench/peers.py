"""`make bench-peers`: compares a gateway with the Glance behind it, for the same requests.

One client sends requests to both alternately over keep-alive connections, so that other load of the
machine slows both. BENCH_ROUNDS (15) and BENCH_PEERS_IMAGES (10,000; 0 for none) set how long it
takes. Exits with 1 when a bound of docs/performance.md is missed.
"""

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.gateway_servers import Gateway, Server
from bench.measure import Client, http_request, spread
from bench.servers import image_id
from bench.timings import Timings

ALL = 1000  # images, and Glance's longest page
MANY = int(os.environ.get("BENCH_PEERS_IMAGES", "10000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
CLIENTS = 32
CLIENTS_ROUNDS = 2
MAX_MB = 150.0
JSON_PATCH = "application/openstack-images-v2.1-json-patch"

ClientAction = Callable[[Client, int], object]
"""Sends the requests of one operation; gets a client and its number."""
Check = tuple[bool, str]


class Operation(NamedTuple):
    """An operation of Glimpse, and the equivalent requests to Glance.

    A single client repeats it `times` times in a round, each of many clients `times_per_client`
    times. `bound` is the highest ratio of Glimpse's time to Glance's.
    """

    glimpse: ClientAction
    glance: ClientAction
    times: int
    times_per_client: int
    bound: float


Pair = tuple[Timings, Timings]
"""Timings of Glimpse, and of Glance."""


def main() -> int:
    """Run everything, print the tables, return the exit status."""
    with (
        tempfile.TemporaryDirectory(prefix="glimpse-bench-") as name,
        Gateway.start(Path(name) / "peers") as gateway,
    ):
        gateway.put_images(ALL)
        _memory(gateway, "at rest")
        operations = _operations(gateway.token)
        checks = _measure_single_client(gateway, operations)
        _memory(gateway, "after that")
        _measure_many_clients(gateway, operations)
        _memory(gateway, "after that")
        if MANY:
            _measure_long_list(gateway)
        peak = gateway.glimpse.memory("VmHWM")
        checks.append((peak <= MAX_MB, f"memory of Glimpse at most {peak:.0f} MB"))
    print("\nbounds")
    for good, text in checks:
        print(f"  {'ok    ' if good else 'MISSED'}  {text}")
    return 0 if all(good for good, _ in checks) else 1


def _operations(token: str) -> Mapping[str, Operation]:
    def get(*paths: str) -> ClientAction:
        requests = [http_request(path, token) for path in paths]
        return lambda client, _: [client.fetch(request) for request in requests]

    image, few, all_images = image_id(0), "/v2/images?limit=25", f"/v2/images?limit={ALL}"
    detail, empty_page = "/v2.1/images/detail", f"{all_images}&marker={image_id(0)}"
    return {
        "show": Operation(get(f"/v2.1/images/{image}"), get(f"/v2/images/{image}"), 20, 10, 1.15),
        "list 25": Operation(get("/v2.1/images?limit=25"), get(few), 10, 5, 1.15),
        "detail 25": Operation(get(f"{detail}?limit=25"), get(few), 10, 5, 1.15),
        # A client that wants all images also requests the page after a full one, here an empty one.
        # Six repetitions, because the time that Glance needs for a list varies by a tenth.
        f"all of {ALL:,}": Operation(get(detail), get(all_images, empty_page), 6, 1, 1.05),
        f"limit={ALL}": Operation(get(f"{detail}?limit={ALL}"), get(all_images), 6, 0, 1.05),
        "metadata write": Operation(_put(token), _get_and_patch(token), 10, 5, 1.10),
    }


def _put(token: str) -> ClientAction:
    """Set a property through the Compute API; each client has an image of its own."""

    def action(client: Client, number: int) -> None:
        path = f"/v2.1/images/{image_id(number)}/metadata/colour"
        client.fetch(http_request(path, token, b'{"meta": {"colour": "%s"}}' % _colour(), "PUT"))

    return action


def _get_and_patch(token: str) -> ClientAction:
    """Set a property through the Image API, as its clients do: get the image, then patch it."""

    def action(client: Client, number: int) -> None:
        path = f"/v2/images/{image_id(number)}"
        client.fetch(http_request(path, token))
        patch = b'[{"op": "add", "path": "/colour", "value": "%s"}]' % _colour()
        client.fetch(http_request(path, token, patch, "PATCH", JSON_PATCH))

    return action


def _colour() -> bytes:
    """Return a value that no image has."""
    return uuid.uuid4().hex.encode()


def _measure_single_client(gateway: Gateway, operations: Mapping[str, Operation]) -> list[Check]:
    """Measure one client; check the median over the rounds of the ratio of median times."""
    rounds: dict[str, list[Pair]] = {name: [] for name in operations}
    clients = _client(gateway.glimpse), _client(gateway.glance)
    for operation in operations.values():
        _alternate(
            gateway, operation, clients, 1, 0
        )  # first requests open connections and fill caches
    for number in range(ROUNDS):
        for name, operation in operations.items():
            pair = _alternate(gateway, operation, clients, operation.times, number)
            rounds[name].append(pair)
    for client in clients:
        client.close()
    _heading("1 client")
    checks = []
    for name, pairs in rounds.items():
        ratios = spread([median(one.each) / median(other.each) for one, other in pairs])
        text = f"{ratios.median:.2f}x ({ratios.low:.2f}-{ratios.high:.2f})"
        _line(name, pairs, text)
        bound = operations[name].bound
        checks.append((ratios.median <= bound, f"{name}: {text}, at most {bound:.2f}x"))
    return checks


def _alternate(
    gateway: Gateway,
    operation: Operation,
    clients: tuple[Client, Client],
    times: int,
    round_number: int,
) -> Pair:
    """Run an operation `times` times on both servers; each goes first in half of them."""
    timings: tuple[list[Timings], list[Timings]] = ([], [])
    actions = operation.glimpse, operation.glance
    for number in range(round_number, round_number + times):
        for side in (0, 1) if number % 2 else (1, 0):
            timings[side].append(_once(gateway, actions[side], clients[side]))
    return Timings.combine(timings[0]), Timings.combine(timings[1])


def _once(gateway: Gateway, action: ClientAction, client: Client) -> Timings:
    client.renew()
    cpu = gateway.glimpse.cpu(), gateway.glance.cpu()
    began = time.perf_counter()
    action(client, 0)
    took = (time.perf_counter() - began) * 1000
    used = gateway.glimpse.cpu() - cpu[0], gateway.glance.cpu() - cpu[1]
    return Timings([took], 0, took, used[0] / 1000, used[1] / 1000)


def _measure_many_clients(gateway: Gateway, operations: Mapping[str, Operation]) -> None:
    """Measure many clients at once: the ratio of responses per second."""
    _heading(f"{CLIENTS} clients")
    for name, operation in operations.items():
        if operation.times_per_client:
            pairs = [
                _measure_both(gateway, operation, CLIENTS, operation.times_per_client, number)
                for number in range(CLIENTS_ROUNDS)
            ]
            rates = [one.rate / other.rate for one, other in pairs if other.rate]
            text = f"{spread(rates).median:.2f} of the rate" if rates else "no response"
            _line(name, pairs, text)


def _measure_long_list(gateway: Gateway) -> None:
    """Measure a list of several of Glance's pages, which Glimpse forwards as they arrive."""
    gateway.put_images(MANY)
    request = http_request("/v2.1/images/detail", gateway.token)
    markers = [f"&marker={image_id(MANY - seen)}" for seen in range(ALL, MANY + 1, ALL)]
    pages = [http_request(f"/v2/images?limit={ALL}{at}", gateway.token) for at in ("", *markers)]
    operation = Operation(
        lambda client, _: client.drain(request),
        lambda client, _: [client.fetch(page) for page in pages],
        1,
        0,
        0,
    )
    _heading("1 client")
    pairs = [_measure_both(gateway, operation, 1, 1, number) for number in range(2)]
    ratios = spread([median(one.each) / median(other.each) for one, other in pairs])
    _line(f"all of {MANY:,}", pairs, f"{ratios.median:.2f}x")
    _memory(gateway, "after that")


def _measure_both(
    gateway: Gateway, operation: Operation, count: int, times: int, round_number: int
) -> Pair:
    """Measure `count` clients at once on one server, then on the other."""
    sides = [(gateway.glimpse, operation.glimpse), (gateway.glance, operation.glance)]
    is_reversed = round_number % 2 == 1  # each server goes first in half of the rounds
    if is_reversed:
        sides.reverse()
    first, second = (
        _measure_clients(gateway, server, action, count, times) for server, action in sides
    )
    return (second, first) if is_reversed else (first, second)


def _measure_clients(
    gateway: Gateway, server: Server, action: ClientAction, count: int, times: int
) -> Timings:
    """Run an action `times` times in each of `count` threads; of one, failures are raised."""
    clients = [_client(server) for _ in range(count)]

    def repeat_action(number: int) -> list[float]:
        each = []
        for _ in range(times):
            began = time.perf_counter()
            try:
                action(clients[number], number)
            except RuntimeError:
                if count == 1:
                    raise
            else:
                each.append((time.perf_counter() - began) * 1000)
        return each

    with ThreadPoolExecutor(count) as pool:
        cpu = gateway.glimpse.cpu(), gateway.glance.cpu()
        began = time.perf_counter()
        each = [one for found in pool.map(repeat_action, range(count)) for one in found]
        elapsed = (time.perf_counter() - began) * 1000
        used = gateway.glimpse.cpu() - cpu[0], gateway.glance.cpu() - cpu[1]
    for client in clients:
        client.close()
    return Timings(each, count * times - len(each), elapsed, used[0] / 1000, used[1] / 1000)


def _client(server: Server) -> Client:
    """Return a client that has sent a request.

    A connection without a request would occupy a thread of Glance.
    """
    client = Client(server.port)
    client.fetch(http_request("/healthcheck", ""))
    return client


def _heading(clients: str) -> None:
    sides = "".join(f"{side + ': p50':>16}     p95  rate/s" for side in ("Glimpse", "Glance"))
    print(f"\n{clients:15}{sides}   CPU: Glimpse +  Glance | Glance   (ms)")


def _line(name: str, pairs: Sequence[Pair], ratio: str) -> None:
    glimpse, glance = (Timings.combine(side) for side in zip(*pairs, strict=True))
    requests = len(glimpse.each) + glimpse.failed
    cpu = (
        f"{glimpse.glimpse_cpu / requests:15.2f}"
        f"{glimpse.glance_cpu / requests:10.2f}{glance.glance_cpu / requests:9.2f}"
    )
    failed = ""
    if glimpse.failed or glance.failed:
        failed = f"; of {requests}, {glimpse.failed} and {glance.failed} failed"
    print(f"  {name:15}  {glimpse}       {glance}{cpu}   {ratio}{failed}", flush=True)


def _memory(gateway: Gateway, when: str) -> None:
    glimpse, glance = gateway.glimpse.memory(), gateway.glance.memory()
    print(f"memory {when}: Glimpse {glimpse:.0f} MB, Glance {glance:.0f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
