"""What a console shows of itself: `/metrics` for Prometheus, and `/readyz`.

Nobody without a session may learn from the page's own server how many alarms there are, so
`/metrics` is on a port of its own. What is ready or not is on both.
"""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client.metrics_core import Metric

from alarm_protocol.runtime.clock import monotonic_s
from alarm_protocol.runtime.exposition import (
    Exposition,
    build_info,
    certificate_ends,
    counter,
    gauge,
    histogram,
    single,
)
from alarm_protocol.runtime.histogram import Histogram
from alarm_protocol.units import AlarmId
from dispatch.core.gateway import GatewayState
from dispatch.feed import Feed
from dispatch.looks import LookBook
from dispatch.web.live import Pages
from dispatch.web.rows import json_response

_PREFIX = "aware_console"
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
_LONG_LIVED = "/ws"
"""A WebSocket lasts for as long as its page: it is counted, and its time says nothing."""


class Traffic:
    """Requests of one console, counted by route: every label has few values."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, ...]] = Counter()
        self.seconds: dict[tuple[str, ...], Histogram] = {}

    def note(self, request: web.Request, status: int, seconds: float) -> None:
        """Count one request."""
        resource = request.match_info.route.resource
        # A path that leads nowhere is never a label: anybody can make up as many as they like.
        route = "none" if resource is None else resource.canonical
        method = request.method if request.method in _METHODS else "other"
        self.requests[route, method, str(status)] += 1
        if route != _LONG_LIVED:
            self.seconds.setdefault((route,), Histogram()).observe(seconds)


TRAFFIC = web.AppKey("traffic", Traffic)


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every request with the answer that it gets."""
    started_s = monotonic_s()
    status = 499  # the client left before there was an answer
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        request.app[TRAFFIC].note(request, status, monotonic_s() - started_s)
    return response


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this console shows the truth, and what it lacks where it does not."""

    status: str
    checks: dict[str, bool]


class Metrics:
    """Gathers a console's figures when they are asked for; only a view's delay is noted before.

    Args:
        feed: The console's line to the broker, with its board.
        pages: The pages that are open.
        traffic: The requests so far.
        looks: The record of who saw what.
    """

    def __init__(
        self, feed: Feed, pages: Pages, traffic: Traffic, looks: LookBook | None = None
    ) -> None:
        self._looks = looks
        self._feed = feed
        self._pages = pages
        self._traffic = traffic
        self._delay = Histogram()
        self._exposition = Exposition(self)

    def watch(self) -> None:
        """Measure the delay of views from now on."""
        self._feed.listen(self._note)

    def _note(self, alarm_id: AlarmId | None) -> None:
        """Measure how old a view is when the board has it."""
        held = None if alarm_id is None else self._feed.board.get(alarm_id)
        if held is not None and held.verified and not held.withdrawn:
            since_ms = held.received_at_ms - held.view.journaled_at_ms
            self._delay.observe(max(since_ms, 0) / 1_000)

    def families(self) -> Iterable[Metric]:
        """Return all that the console has to show."""
        yield build_info(_PREFIX)
        yield from self._line()
        yield from self._alarms()
        yield from self._web()

    def _line(self) -> Iterable[Metric]:
        """Show how it stands towards the broker and the gateway."""
        feed, now = self._feed, self._feed.connection()
        ends = {(name,): end_s for name, end_s in feed.certificates.items()}
        yield certificate_ends(_PREFIX, ends)
        connected = single(float(now.broker == "connected"))
        yield gauge(f"{_PREFIX}_broker_connected", "Whether the broker is there.", connected)
        states = {(state,): float(state == now.gateway) for state in get_args(GatewayState)}
        yield gauge(
            f"{_PREFIX}_gateway_state",
            "1 for the gateway's state as seen here.",
            states,
            ("state",),
        )
        counters = {
            "broker_connects": ("Connections made to the broker.", feed.counters.connections),
            "views": ("Views of alarms that came.", feed.counters.views),
            "confirmed_views": ("Views confirmed to the gateway.", feed.counters.confirmed),
            "refused_views": ("Views of somebody else, never shown.", feed.counters.refused),
            "malformed_messages": ("Messages that could not be read.", feed.counters.malformed),
        }
        for name, (text, value) in counters.items():
            yield counter(f"{_PREFIX}_{name}", text, single(value))
        yield histogram(
            f"{_PREFIX}_view_delay_seconds",
            "From a view's record in the journal to this board, by two clocks.",
            {(): self._delay},
        )

    def _alarms(self) -> Iterable[Metric]:
        board = self._feed.board
        counts = Counter(
            (held.view.status, str(held.view.priority), "true" if held.view.test else "false")
            for held in board.queue()
        )
        yield gauge(
            f"{_PREFIX}_alarms",
            "Open alarms on the board.",
            counts,
            ("status", "priority", "test"),
        )
        gauges = {
            "unverified_alarms": ("Alarms not repeated since a break.", board.unverified_count),
            "turned_away_alarms": ("Alarms that had no room.", board.turned_away_count),
            "confirmations_due": ("Confirmations not sent yet.", board.due_count),
        }
        for name, (text, value) in gauges.items():
            yield gauge(f"{_PREFIX}_{name}", text, single(value))

    def _web(self) -> Iterable[Metric]:
        pages, traffic = self._pages, self._traffic
        yield gauge(f"{_PREFIX}_pages", "Pages that are open.", single(pages.count))
        due = 0 if self._looks is None else self._looks.due
        yield gauge(f"{_PREFIX}_looks_due", "Looks at alarms that are not on disk.", single(due))
        counters = {
            "websocket_messages": ("Messages sent to pages.", pages.sent),
            "websocket_cut_off": ("Pages cut off, since they took nothing.", pages.cut_off),
        }
        for name, (text, value) in counters.items():
            yield counter(f"{_PREFIX}_{name}", text, single(value))
        yield counter(
            f"{_PREFIX}_http_requests",
            "Requests and their answers.",
            traffic.requests,
            ("route", "method", "status"),
        )
        yield histogram(
            f"{_PREFIX}_http_request_seconds",
            "Time to an answer; for an action that is the gateway's own.",
            traffic.seconds,
            ("route",),
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape."""
        body, content_type = self._exposition.answer(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    def routes(self) -> dict[str, Handler]:
        """Return what answers where, on the port for those who watch over the console."""
        return {"/metrics": self.metrics, "/readyz": self.readyz}

    async def readyz(self, _request: web.Request) -> web.Response:
        """Answer 200 while the board is the gateway's truth; else 503, and what is missing."""
        now = self._feed.connection()
        checks = {
            "broker_connected": now.broker == "connected",
            "broker_lets_us": self._feed.lets_us,
            "gateway_up": now.gateway == "up",
        }
        ready = all(checks.values())
        answer = Ready(status="ready" if ready else "not ready", checks=checks)
        return json_response(answer, status=200 if ready else 503)


METRICS = web.AppKey("metrics", Metrics)


async def readyz(request: web.Request) -> web.Response:
    """Answer whether this console is ready, to anybody."""
    return await request.app[METRICS].readyz(request)
