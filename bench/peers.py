"""`make bench-peers`: Glimpse as a gateway, beside Glance asked directly for the same.

A lone client asks both in turn, one request of the one and one of the other, so that whatever else
the machine does meets both; connections are kept. BENCH_ROUNDS (15) and BENCH_PEERS_IMAGES (10,000;
0 leaves them out) set how long it takes. Exits with 1 when a bound of the project is missed: see
docs/performance.md.
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

from bench.gateway import Gateway, Server
from bench.measure import Client, http_request, spread
from bench.servers import image_id
from bench.taken import Taken

ALL = 1000  # images, and Glance's longest page
MANY = int(os.environ.get("BENCH_PEERS_IMAGES", "10000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
CROWD = 32
CROWD_ROUNDS = 2
MOST_MB = 150.0
JSON_PATCH = "application/openstack-images-v2.1-json-patch"

Ask = Callable[[Client, int], object]
"""What the client of a number does once."""
Verdict = tuple[bool, str]


class Operation(NamedTuple):
    """The same, asked of Glimpse and of Glance directly.

    A lone client asks `times` times a round, each client of a crowd `crowd` times. `bound` is the
    most that Glimpse may take of what Glance takes.
    """

    glimpse: Ask
    glance: Ask
    times: int
    crowd: int
    bound: float


Pair = tuple[Taken, Taken]
"""Through Glimpse, and of Glance directly."""


def main() -> int:
    """Run everything, print the tables, return the exit status."""
    with (
        tempfile.TemporaryDirectory(prefix="glimpse-bench-") as name,
        Gateway.start(Path(name) / "peers") as gateway,
    ):
        gateway.put_images(ALL)
        _memory(gateway, "at rest")
        operations = _operations(gateway.token)
        verdicts = _alone(gateway, operations)
        _memory(gateway, "after that")
        _crowded(gateway, operations)
        _memory(gateway, "after that")
        if MANY:
            _many(gateway)
        peak = gateway.glimpse.memory("VmHWM")
        verdicts.append((peak <= MOST_MB, f"memory of Glimpse at most {peak:.0f} MB"))
    print("\nbounds")
    for good, text in verdicts:
        print(f"  {'ok    ' if good else 'MISSED'}  {text}")
    return 0 if all(good for good, _ in verdicts) else 1


def _operations(token: str) -> Mapping[str, Operation]:
    def get(*paths: str) -> Ask:
        requests = [http_request(path, token) for path in paths]
        return lambda client, _: [client.ask(request) for request in requests]

    image, few, all_of_them = image_id(0), "/v2/images?limit=25", f"/v2/images?limit={ALL}"
    detail, nothing = "/v2.1/images/detail", f"{all_of_them}&marker={image_id(0)}"
    return {
        "show": Operation(get(f"/v2.1/images/{image}"), get(f"/v2/images/{image}"), 20, 10, 1.15),
        "list 25": Operation(get("/v2.1/images?limit=25"), get(few), 10, 5, 1.15),
        "detail 25": Operation(get(f"{detail}?limit=25"), get(few), 10, 5, 1.15),
        # Who wants all asks Glance for what follows a full page, too: here, nothing.
        # Few of these would say little: the same list takes Glance a tenth more or less.
        f"all of {ALL:,}": Operation(get(detail), get(all_of_them, nothing), 6, 1, 1.05),
        f"limit={ALL}": Operation(get(f"{detail}?limit={ALL}"), get(all_of_them), 6, 0, 1.05),
        "metadata write": Operation(_put(token), _get_and_patch(token), 10, 5, 1.10),
    }


def _put(token: str) -> Ask:
    """Set a property through Compute: each client one of an image of its own."""

    def ask(client: Client, number: int) -> None:
        path = f"/v2.1/images/{image_id(number)}/metadata/colour"
        client.ask(http_request(path, token, b'{"meta": {"colour": "%s"}}' % _colour(), "PUT"))

    return ask


def _get_and_patch(token: str) -> Ask:
    """What a client of the Image API does to the same end."""

    def ask(client: Client, number: int) -> None:
        path = f"/v2/images/{image_id(number)}"
        client.ask(http_request(path, token))
        patch = b'[{"op": "add", "path": "/colour", "value": "%s"}]' % _colour()
        client.ask(http_request(path, token, patch, "PATCH", JSON_PATCH))

    return ask


def _colour() -> bytes:
    """A value that was never set before."""
    return uuid.uuid4().hex.encode()


def _alone(gateway: Gateway, operations: Mapping[str, Operation]) -> list[Verdict]:
    """One client: the bounds are for the middle one of the rounds' ratios of medians."""
    rounds: dict[str, list[Pair]] = {name: [] for name in operations}
    clients = _client(gateway.glimpse), _client(gateway.glance)
    for operation in operations.values():
        _in_turn(gateway, operation, clients, 1, 0)  # what is done once only is not measured
    for number in range(ROUNDS):
        for name, operation in operations.items():
            pair = _in_turn(gateway, operation, clients, operation.times, number)
            rounds[name].append(pair)
    for client in clients:
        client.close()
    _heading("1 client")
    verdicts = []
    for name, pairs in rounds.items():
        ratios = spread([median(one.each) / median(other.each) for one, other in pairs])
        text = f"{ratios.median:.2f}x ({ratios.low:.2f}-{ratios.high:.2f})"
        _line(name, pairs, text)
        bound = operations[name].bound
        verdicts.append((ratios.median <= bound, f"{name}: {text}, at most {bound:.2f}x"))
    return verdicts


def _in_turn(
    gateway: Gateway,
    operation: Operation,
    clients: tuple[Client, Client],
    times: int,
    round_number: int,
) -> Pair:
    """Both are asked `times` times, one request of each at a time; each is first half of them."""
    taken: tuple[list[Taken], list[Taken]] = ([], [])
    asks = operation.glimpse, operation.glance
    for number in range(round_number, round_number + times):
        for side in (0, 1) if number % 2 else (1, 0):
            taken[side].append(_once(gateway, asks[side], clients[side]))
    return Taken.together(taken[0]), Taken.together(taken[1])


def _once(gateway: Gateway, ask: Ask, client: Client) -> Taken:
    client.renew()
    cpu = gateway.glimpse.cpu(), gateway.glance.cpu()
    began = time.perf_counter()
    ask(client, 0)
    took = (time.perf_counter() - began) * 1000
    used = gateway.glimpse.cpu() - cpu[0], gateway.glance.cpu() - cpu[1]
    return Taken([took], 0, took, used[0] / 1000, used[1] / 1000)


def _crowded(gateway: Gateway, operations: Mapping[str, Operation]) -> None:
    """Many clients at once: how many requests are answered in a second, of those of Glance."""
    _heading(f"{CROWD} clients")
    for name, operation in operations.items():
        if operation.crowd:
            pairs = [
                _side_by_side(gateway, operation, CROWD, operation.crowd, number)
                for number in range(CROWD_ROUNDS)
            ]
            rates = [one.rate / other.rate for one, other in pairs if other.rate]
            text = f"{spread(rates).median:.2f} of the rate" if rates else "neither answered"
            _line(name, pairs, text)


def _many(gateway: Gateway) -> None:
    """A list of several pages, which Glimpse sends on as they come."""
    gateway.put_images(MANY)
    request = http_request("/v2.1/images/detail", gateway.token)
    markers = [f"&marker={image_id(MANY - seen)}" for seen in range(ALL, MANY + 1, ALL)]
    pages = [http_request(f"/v2/images?limit={ALL}{at}", gateway.token) for at in ("", *markers)]
    operation = Operation(
        lambda client, _: client.drain(request),
        lambda client, _: [client.ask(page) for page in pages],
        1,
        0,
        0,
    )
    _heading("1 client")
    pairs = [_side_by_side(gateway, operation, 1, 1, number) for number in range(2)]
    ratios = spread([median(one.each) / median(other.each) for one, other in pairs])
    _line(f"all of {MANY:,}", pairs, f"{ratios.median:.2f}x")
    _memory(gateway, "after that")


def _side_by_side(
    gateway: Gateway, operation: Operation, count: int, times: int, round_number: int
) -> Pair:
    """All of `count` clients ask `times` times each: one server, then the other."""
    sides = [(gateway.glimpse, operation.glimpse), (gateway.glance, operation.glance)]
    turned = round_number % 2 == 1  # neither is always the one that comes after the other
    if turned:
        sides.reverse()
    first, second = (_taken(gateway, server, ask, count, times) for server, ask in sides)
    return (second, first) if turned else (first, second)


def _taken(gateway: Gateway, server: Server, ask: Ask, count: int, times: int) -> Taken:
    """What it takes when `count` clients at once ask `times` times each; of many, some may fail."""
    clients = [_client(server) for _ in range(count)]

    def ask_again_and_again(number: int) -> list[float]:
        each = []
        for _ in range(times):
            began = time.perf_counter()
            try:
                ask(clients[number], number)
            except RuntimeError:
                if count == 1:
                    raise
            else:
                each.append((time.perf_counter() - began) * 1000)
        return each

    with ThreadPoolExecutor(count) as pool:
        cpu = gateway.glimpse.cpu(), gateway.glance.cpu()
        began = time.perf_counter()
        each = [one for found in pool.map(ask_again_and_again, range(count)) for one in found]
        elapsed = (time.perf_counter() - began) * 1000
        used = gateway.glimpse.cpu() - cpu[0], gateway.glance.cpu() - cpu[1]
    for client in clients:
        client.close()
    return Taken(each, count * times - len(each), elapsed, used[0] / 1000, used[1] / 1000)


def _client(server: Server) -> Client:
    """A connection in use: one that has not asked anything yet holds a thread of Glance."""
    client = Client(server.port)
    client.ask(http_request("/healthcheck", ""))
    return client


def _heading(clients: str) -> None:
    sides = "".join(f"{side + ': p50':>16}     p95  rate/s" for side in ("Glimpse", "Glance"))
    print(f"\n{clients:15}{sides}   CPU: Glimpse +  Glance | Glance   (ms)")


def _line(name: str, pairs: Sequence[Pair], ratio: str) -> None:
    glimpse, glance = (Taken.together(side) for side in zip(*pairs, strict=True))
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
