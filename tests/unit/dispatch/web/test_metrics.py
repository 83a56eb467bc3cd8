"""A console's figures: every request by its route, the board as it is, and nothing to strangers."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from alarm_protocol.runtime.figures_server import serving
from alarm_protocol.units import AlarmId
from dispatch.core.errors import SettingsError
from dispatch.feed import Feed
from dispatch.web.metrics import METRICS
from dispatch.web.server import PAGES
from tests.helpers.figures import scrape
from tests.unit.dispatch.views import RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def figures(client: Client) -> AsyncIterator[str]:
    """Serve the figures of the console beside it; gives where."""
    assert client.app is not None
    metrics = client.app[METRICS]
    metrics.watch()
    async with serving(metrics.routes(), "127.0.0.1", 0, SettingsError) as port:
        yield f"http://127.0.0.1:{port}"


async def test_requests_are_counted_by_route_and_never_by_path(
    client: Client, figures: str
) -> None:
    """Two alarms are one route, what does not exist is one more, and each status is its own."""
    await client.get("/api/alarms")
    for alarm_id in ("a.1", "a.2"):
        await client.post(f"/api/alarms/{alarm_id}/actions", json={"kind": "accept"})
    for number in range(20):
        await client.get(f"/nothing/{number}")
    found = await scrape(figures)
    name = "aware_console_http_requests_total"
    requests = {key[1:]: value for key, value in found.items() if key[0] == name}
    assert 1 == requests["GET", "/api/alarms", "200"]
    routes = {(method, route) for method, route, _ in requests}
    assert {
        ("GET", "/api/alarms"),
        ("POST", "/api/alarms/{alarm_id}/actions"),
        ("GET", "none"),
    } <= routes
    assert 20 == sum(value for (_, route, _), value in requests.items() if route == "none")
    assert 1 == found["aware_console_http_request_seconds_count", "/api/alarms"]


async def test_the_board_and_its_delay_are_shown(client: Client, feed: Feed, figures: str) -> None:
    """Alarms by status and priority; a view's delay is measured when the board has it."""
    feed.board.take(make_view("a.1"), RAISED_MS + 40)
    feed.board.take(make_view("a.2", status="accepted", priority=2), RAISED_MS + 60)
    for alarm_id in ("a.1", "a.2", "a.3"):
        feed._tell(AlarmId(alarm_id))
    found = await scrape(figures)
    assert 1 == found["aware_console_alarms", "1", "open", "false"]
    assert 1 == found["aware_console_alarms", "2", "accepted", "false"]
    assert 2 == found["aware_console_view_delay_seconds_count",]
    assert 0.1 == round(found["aware_console_view_delay_seconds_sum",], 6)
    assert 0 == found["aware_console_broker_connected",]
    assert 1 == found["aware_console_gateway_state", "unknown"]


async def test_pages_and_their_messages_are_counted(client: Client, figures: str) -> None:
    """An open page is one, what it got is counted, and how long it was open is no figure."""
    assert client.app is not None
    async with client.ws_connect("/ws") as page:
        await page.receive_json()
        found = await scrape(figures)
        assert (1, 1) == (client.app[PAGES].count, found["aware_console_pages",])
        assert found["aware_console_websocket_messages_total",] >= 1
    assert ("aware_console_http_request_seconds_count", "/ws") not in await scrape(figures)


async def test_ready_only_with_broker_and_gateway(client: Client) -> None:
    """Without them the answer is 503 and says what is missing, on the page's own server too."""
    answer = await client.get("/readyz")
    checks = {"broker_connected": False, "broker_lets_us": True, "gateway_up": False}
    assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status
    assert {"status": "not ready", "checks": checks} == await answer.json()


async def test_the_page_s_own_server_shows_no_figures(client: Client) -> None:
    """How many alarms there are is for those with a session, and for the other port."""
    assert 404 == (await client.get("/metrics")).status
