"""FuzzRun: sends random requests to a cloud over several connections, and checks it."""

import asyncio
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fuzz.clouds import FuzzCloud
from tests.fuzz.connection import BadResponse, Connection
from tests.fuzz.grammar import Grammar
from tests.fuzz.log_checks import LogChecks
from tests.fuzz.random_source import RandomSource
from tests.fuzz.raw import Case, RawFuzzer
from tests.fuzz.raw_client import run_case
from tests.fuzz.request import FuzzRequest, Response
from tests.fuzz.response_checks import SLOW_SECONDS, ResponseChecks

_UPSTREAM_ATTEMPTS = 4  # a Glance fails while earlier requests lock its SQLite database
_RAW_SHARE = 0.06  # of all requests are raw bytes: see raw.py
_REMEMBERED = 4000  # requests to which log lines can be assigned
_RENEW_EVERY = 1500  # requests after which images are added
_LOG_SECONDS = 0.5
_REQUEST_ID = "X-OpenStack-Request-ID"


class FuzzRun:
    """A run of `count` requests, made from `seed`, that takes at most `seconds`.

    `checks` has the results.
    """

    def __init__(
        self, target: FuzzCloud, seed: str, count: int, seconds: float, connections: int = 12
    ) -> None:
        self._target = target
        self._seed = seed
        self._left = count
        self._deadline = time.monotonic() + seconds
        self._connections = connections
        self._port = target.cloud.process.port
        self._host = f"127.0.0.1:{self._port}"
        self.checks = ResponseChecks(
            self._port,
            is_gateway=target.is_gateway,
            checks_tokens=target.state.checks_tokens,
        )
        self._logs = [LogChecks(path) for path in target.logs]
        self._requests: OrderedDict[str, bytes] = OrderedDict()
        self._undisturbed = asyncio.Event()
        self._undisturbed.set()
        self._retrying = asyncio.Lock()
        self._running = 0
        self.done = 0

    async def run(self) -> None:
        """Send all requests; return when all responses have arrived and the logs are checked."""
        await self._target.renew_images(RandomSource(f"{self._seed}:images"), 60)
        stopped = asyncio.Event()
        reading = asyncio.create_task(self._read_logs(stopped))
        async with asyncio.TaskGroup() as group:
            for number in range(self._connections):
                group.create_task(self._work(RandomSource(f"{self._seed}:{number}"), number))
        stopped.set()
        await reading

    async def _work(self, rng: RandomSource, number: int) -> None:
        """Send requests one after another until the count or the time is reached."""
        grammar = Grammar(self._target.routes, self._target.state, self._host)
        raw = RawFuzzer(self._host, self._target.state.tokens["owner"])
        own, metrics = Connection(self._port), Connection(self._target.metrics_port)
        while self._left > 0 and time.monotonic() < self._deadline:
            self._left -= 1
            self.done += 1
            request = grammar.request(rng)
            if rng.chance(_RAW_SHARE):
                await self._send_raw(raw, rng, request)
            else:
                await self._send(metrics if request.api == "metrics" else own, request)
                if not self._target.is_gateway:
                    for each in self._target.state.surplus(rng):
                        await self._send(own, each)
            if number == 0 and self.done // _RENEW_EVERY > self._renewed:
                self._renewed += 1
                async with self._without_other_requests():
                    await self._target.renew_images(rng, 25)
        await own.close()
        await metrics.close()

    _renewed = 0

    async def _send(self, connection: Connection, request: FuzzRequest) -> None:
        raw = self._remember(request)
        await self._undisturbed.wait()
        self._running += 1
        response: Response | None = None
        problem = ""
        try:
            response = await connection.send(request, raw)
        except TimeoutError:
            problem = "no response in time"
        except (BadResponse, ConnectionError) as error:
            problem = f"{error}"
        finally:
            self._running -= 1
        if response is not None:
            self.checks.check(request, raw, response)
            self._target.state.observe(request, response)
            if response.seconds > SLOW_SECONDS:
                problem = f"slow response, {response.seconds:.1f} s"
            elif self.checks.is_upstream_error(response):
                problem = f"upstream error, {response.status}"
        elif request.hang_up is not None and not problem:
            self.checks.counts[request.api, "hung up"] += 1
        if problem and request.hang_up is None:
            await self._retry_without_others(request, raw, problem)

    def _remember(self, request: FuzzRequest) -> bytes:
        """Return the bytes of a request, and keep them by the id that the log has for it."""
        request_id = f"req-{uuid.uuid4()}"
        if not any(name == _REQUEST_ID for name, _ in request.headers):
            request.headers.append((_REQUEST_ID, request_id))
        raw = request.encode(self._host)
        self._requests[request_id] = raw[:4000]
        if len(self._requests) > _REMEMBERED:
            self._requests.popitem(last=False)
        return raw

    @asynccontextmanager
    async def _without_other_requests(self) -> AsyncIterator[None]:
        """Wait for all other requests; start no other request until the context ends."""
        async with self._retrying:
            self._undisturbed.clear()
            try:
                while self._running:  # noqa: ASYNC110  an event would be set for each request
                    await asyncio.sleep(0.01)
                yield
            finally:
                self._undisturbed.set()

    async def _retry_without_others(self, request: FuzzRequest, raw: bytes, problem: str) -> None:
        """Send a request again while there is no other; record a failure if it fails again."""
        async with self._without_other_requests():
            for attempt in range(_UPSTREAM_ATTEMPTS if self._target.is_gateway else 1):
                await asyncio.sleep(attempt)
                detail = await self._find_problem(request, raw)
                if detail is None:
                    break
        where = f"{request.method} {request.template}"
        if detail is None:
            self.checks.notes.append(f"{problem}, not when sent alone: {where}")
        else:
            kind = problem.partition(",")[0].partition(":")[0]
            self.checks.fail(f"{kind}: {where}", f"{problem}; then {detail}", raw)

    async def _find_problem(self, request: FuzzRequest, raw: bytes) -> str | None:
        """Send a request; return the problem of its response, or None if there is none."""
        connection = Connection(self._port_of(request))
        try:
            response = await connection.send(request, raw)
        except (TimeoutError, BadResponse, ConnectionError) as error:
            return repr(error)
        finally:
            await connection.close()
        if response is None:
            return "no response"
        if response.seconds > SLOW_SECONDS or self.checks.is_upstream_error(response):
            return f"{response.status} after {response.seconds:.1f} s: {response.body[:200]!r}"
        return None

    def _port_of(self, request: FuzzRequest) -> int:
        return self._target.metrics_port if request.api == "metrics" else self._port

    async def _send_raw(self, fuzzer: RawFuzzer, rng: RandomSource, request: FuzzRequest) -> None:
        case = fuzzer.case(rng, self._target.state.image(rng), request.encode(self._host))
        await self._undisturbed.wait()
        self._running += 1
        try:
            seconds = await self._check_raw(case)
        finally:
            self._running -= 1
        if seconds > SLOW_SECONDS:
            async with self._without_other_requests():
                again = await self._check_raw(case)
            if again > SLOW_SECONDS:
                detail = f"{seconds:.1f} s, then {again:.1f} s"
                self.checks.fail(f"slow: raw {case.name}", detail, b"".join(case.packets))
            else:
                self.checks.notes.append(f"{seconds:.1f} s, not when sent alone: raw {case.name}")

    async def _check_raw(self, case: Case) -> float:
        """Send a case and check the responses; return how many seconds it took."""
        try:
            statuses, seconds = await run_case(self._port, case, is_gateway=self._target.is_gateway)
        except (TimeoutError, BadResponse, ConnectionError) as error:
            detail = f"{error!r}; in packets of {[len(each) for each in case.packets][:20]}"
            kind = (
                re.sub(r"\d+ responses", "some responses", str(error)).partition(":")[0] or "hang"
            )
            self.checks.fail(f"{kind}: raw {case.name}", detail, b"".join(case.packets))
            return 0.0
        for status in [str(each) for each in statuses] or ["closed"]:
            self.checks.counts["raw", status] += 1
        return seconds

    async def _read_logs(self, stopped: asyncio.Event) -> None:
        """Check the logs until all responses have arrived, and once more."""
        last = False
        while not last:
            last = stopped.is_set()
            for log in self._logs:
                for kind, line, request_id in log.findings(self._target.state.secrets, last=last):
                    raw = self._requests.get(request_id or "", b"")
                    self.checks.fail(kind, line, raw)
            if not last:
                await asyncio.wait([asyncio.create_task(stopped.wait())], timeout=_LOG_SECONDS)
