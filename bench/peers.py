"""`make bench-peers`: compares a gateway with the Glance behind it, for the same requests.

One client sends requests to both alternately over keep-alive connections, so that other load of the
machine slows both. The gateway reads images from Glance's API, whose database is SQLite, and then
from Glance's database, which is MariaDB: BENCH_MODES (api,database) may name one of them.
BENCH_ROUNDS (15) and BENCH_PEERS_IMAGES (10,000; 0 for none) set how long it takes.

Exits with 1 when a bound of docs/performance.md is missed. A run of both modes replaces the figures
in bench/figures/lists.json, and the picture of them in docs/lists.svg.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from bench.gateway_servers import MODES, Gateway, Mode, Server
from bench.list_figures import ListFigures
from bench.list_plot import write_plot
from bench.measure import Client, http_request, spread
from bench.peer_operations import (
    ALL,
    BOUNDS,
    RATE_BOUNDS,
    ClientAction,
    Operation,
    operations,
)
from bench.servers import image_id
from bench.timings import Timings

MANY = int(os.environ.get("BENCH_PEERS_IMAGES", "10000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
CLIENTS = 32
CLIENTS_ROUNDS = 2
MAX_MB: Mapping[Mode, float] = {"api": 150.0, "database": 120.0}
# Of Glimpse's time for a list of MANY images to Glance's.
MANY_BOUNDS: Mapping[Mode, float] = {"api": 1.10, "database": 0.08}
# The number of images in the responses of the operations whose times are drawn.
_IMAGES: Mapping[str, int] = {"show": 1, "detail 25": 25, f"limit={ALL}": ALL}
Check = tuple[bool, str]


Pair = tuple[Timings, Timings]
"""Timings of Glimpse, and of Glance."""


def main() -> int:
    """Measure the modes of the gateway, print the tables, return the exit status."""
    checks, figures = [], ListFigures()
    for mode in MODES:
        if mode in os.environ.get("BENCH_MODES", "api,database").split(","):
            with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as name:
                checks += _measure_mode(mode, Path(name), figures)
    if figures.write():
        write_plot()
    print("\nbounds")
    for good, text in checks:
        print(f"  {'ok    ' if good else 'MISSED'}  {text}")
    return 0 if all(good for good, _ in checks) else 1


def _measure_mode(mode: Mode, directory: Path, figures: ListFigures) -> list[Check]:
    """Run all measurements of one mode, print its tables, and add to the figures of lists."""
    print(f"\nGlimpse reads images from Glance's {'API' if mode == 'api' else 'database'}")
    with Gateway.start(directory, mode) as gateway:
        gateway.put_images(ALL)
        _memory(gateway, "at rest")
        known = operations(gateway.token)
        checks = _measure_single_client(gateway, known, figures)
        _memory(gateway, "after that")
        checks += _measure_many_clients(gateway, known)
        _memory(gateway, "after that")
        if MANY:
            checks.append(_measure_long_list(gateway, figures))
        peak = gateway.glimpse.memory("VmHWM")
        checks.append((peak <= MAX_MB[mode], f"{mode}: memory of Glimpse at most {peak:.0f} MB"))
    return checks


def _measure_single_client(
    gateway: Gateway, operations: Mapping[str, Operation], figures: ListFigures
) -> list[Check]:
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
        figures.add(gateway.mode, _IMAGES.get(name), pairs)
        bound = BOUNDS[gateway.mode][name]
        shown = f"{gateway.mode}: {name}: {text}, at most {bound:.2f}x"
        checks.append((ratios.median <= bound, shown))
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


def _measure_many_clients(gateway: Gateway, operations: Mapping[str, Operation]) -> list[Check]:
    """Measure many clients at once; check the ratio of responses per second."""
    _heading(f"{CLIENTS} clients")
    checks = []
    for name, operation in operations.items():
        if operation.times_per_client:
            pairs = [
                _measure_both(gateway, operation, CLIENTS, operation.times_per_client, number)
                for number in range(CLIENTS_ROUNDS)
            ]
            rates = [one.rate / other.rate for one, other in pairs if other.rate]
            ratio = spread(rates).median if rates else 0.0
            _line(name, pairs, f"{ratio:.2f} of the rate" if rates else "no response")
            bound = RATE_BOUNDS[gateway.mode].get(name)
            if bound is not None:
                shown = f"{gateway.mode}: {name}: {ratio:.1f} of the rate, at least {bound:.1f}"
                checks.append((ratio >= bound, shown))
    return checks


def _measure_long_list(gateway: Gateway, figures: ListFigures) -> Check:
    """Measure a list of several pages; in Glance's database, one in ten images is in the list."""
    gateway.put_images(MANY, others=9 if gateway.mode == "database" else 0)
    request = http_request("/v2.1/images/detail", gateway.token)
    markers = [f"&marker={image_id(MANY - seen)}" for seen in range(ALL, MANY + 1, ALL)]
    pages = [http_request(f"/v2/images?limit={ALL}{at}", gateway.token) for at in ("", *markers)]
    operation = Operation(
        lambda client, _: client.drain(request),
        lambda client, _: [client.fetch(page) for page in pages],
        1,
        0,
    )
    _heading("1 client")
    _measure_both(gateway, operation, 1, 1, 0)  # the database reads the new rows into its memory
    pairs = [_measure_both(gateway, operation, 1, 1, number) for number in range(4)]
    ratios = spread([median(one.each) / median(other.each) for one, other in pairs])
    _line(f"all of {MANY:,}", pairs, f"{ratios.median:.2f}x")
    figures.add(gateway.mode, MANY, pairs)
    _memory(gateway, "after that")
    bound = MANY_BOUNDS[gateway.mode]
    shown = f"{gateway.mode}: all of {MANY:,}: {ratios.median:.2f}x, at most {bound:.2f}x"
    return ratios.median <= bound, shown


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
