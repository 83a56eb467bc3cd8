"""The web interface: guarded on every path, and clear about what went wrong."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from dispatch.feed import Feed
from dispatch.web.guard import BODY_BYTES_MAX, HEADERS, POLICY
from tests.unit.dispatch.views import RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]

ACTIONS = "/api/alarms/aware-000123.1/actions"
ACCEPT = {"kind": "accept"}


async def problem_of(client: Client, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    """Post, and return the status and the JSON of the answer."""
    response = await client.post(path, **options)
    return response.status, await response.json()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html"),
        ("/static/main.js", "text/javascript"),
        ("/static/vendor/lit.js", "text/javascript"),
        ("/static/console.css", "text/css"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/api/alarms", "application/json"),
        ("/healthz", "application/json"),
        ("/nothing", "application/json"),
        ("/static/../app.py", "application/json"),
        ("/static/vendor/lit.json", "application/json"),
        ("/api/session", "application/json"),
    ],
)
async def test_every_answer_has_its_type_and_the_policy(
    client: Client, path: str, content_type: str
) -> None:
    """The headers are on pages, files, JSON and errors alike."""
    response = await client.get(path)
    assert content_type == response.content_type
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert HEADERS[name] == response.headers[name]


async def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """No source but this server, no inline code, no framing."""
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in POLICY


async def test_the_websocket_has_the_policy_too(client: Client) -> None:
    """An upgrade is an answer like any other."""
    async with client.ws_connect("/ws") as socket:
        headers = socket._response.headers
        assert headers["Content-Security-Policy"] == POLICY


async def test_files_are_asked_about_and_not_sent_twice(client: Client) -> None:
    """A browser that has the file gets 304 and no body."""
    first = await client.get("/static/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.get("/static/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x"])
@pytest.mark.parametrize("path", ["/ws", "/api/alarms", "/"])
async def test_another_sites_request_is_refused(client: Client, origin: str, path: str) -> None:
    """An Origin that is not this server gets 403, for the WebSocket before anything is sent."""
    response = await client.get(path, headers={"Origin": origin})
    assert response.status == 403
    assert (await response.json())["error"] == "forbidden"


async def test_its_own_origin_is_served(client: Client) -> None:
    """A browser on the page itself sends this server's origin."""
    origin = str(client.make_url("/").origin())
    assert (await client.get("/api/alarms", headers={"Origin": origin})).status == 200
    async with client.ws_connect("/ws", origin=origin) as socket:
        assert (await socket.receive_json())["type"] == "snapshot"


async def test_a_foreign_name_for_this_machine_is_refused(client: Client) -> None:
    """A loopback console answers to loopback names only."""
    for host, status in (("evil.example", 403), ("localhost:8101", 200), ("[::1]:8101", 200)):
        headers = {"Host": host, "Origin": f"http://{host}"}
        response = await client.get("/healthz", headers=headers)
        assert status == response.status


async def test_a_post_of_another_type_is_refused(client: Client, feed: Feed) -> None:
    """A form of another site cannot send JSON's type without asking first."""
    feed.board.take(make_view(), RAISED_MS)
    status, problem = await problem_of(client, ACTIONS, data='{"kind":"accept"}')
    assert (status, problem["error"]) == (415, "unsupported_media_type")


async def test_a_body_above_the_limit_is_refused(client: Client, feed: Feed) -> None:
    """16 KiB are more than any action needs."""
    feed.board.take(make_view(), RAISED_MS)
    body = {**ACCEPT, "text": "x" * BODY_BYTES_MAX}
    status, problem = await problem_of(client, ACTIONS, json=body)
    assert (status, "16384" in problem["message"]) == (413, True)


async def test_an_unknown_alarm_is_404(client: Client) -> None:
    """The line names the alarm that is not there."""
    status, problem = await problem_of(client, ACTIONS, json=ACCEPT)
    assert (status, problem["error"]) == (404, "unknown_alarm")
    assert "aware-000123.1" in problem["message"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a":NaN}', "invalid_json"),
        (b'"\\ud800"', "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 10_000, "invalid_json"),
        (b"[]", "not_an_object"),
        (b"{}", "unknown_kind"),
        (b'{"kind":"hand_over"}', "not_allowed"),
        (b'{"kind":"note"}', "bad_field"),
    ],
)
async def test_bad_input_is_400_with_one_line(
    client: Client, feed: Feed, body: bytes, error: str
) -> None:
    """Whatever is posted, the answer is one line that says what is wrong, in two languages."""
    feed.board.take(make_view(), RAISED_MS)
    headers = {"Content-Type": "application/json"}
    status, problem = await problem_of(client, ACTIONS, data=body, headers=headers)
    assert (status, problem["error"]) == (400, error)
    assert problem["message"]
    assert problem["message_en"]
    assert "\n" not in problem["message"] + problem["message_en"]


async def test_without_a_broker_an_action_is_503_and_says_that_it_was_not_sent(
    client: Client, feed: Feed
) -> None:
    """Nothing is promised, and the alarm is still shown as it was."""
    feed.board.take(make_view(), RAISED_MS)
    status, problem = await problem_of(client, ACTIONS, json=ACCEPT)
    assert (status, problem["error"]) == (503, "not_connected")
    assert "niet verstuurd" in problem["message"]
    assert problem["alarm"]["view"]["status"] == "open"


async def test_a_wrong_method_names_the_right_one(client: Client) -> None:
    """405 keeps its Allow header."""
    response = await client.get(ACTIONS)
    assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_the_snapshot_has_the_queue_and_the_closed(client: Client, feed: Feed) -> None:
    """Both the API and the WebSocket begin with the same whole state."""
    feed.board.take(make_view("a.1", priority=2), RAISED_MS)
    feed.board.take(make_view("b.1", priority=1), RAISED_MS)
    feed.board.take(make_view("c.1", status="closed"), RAISED_MS)
    listed = await (await client.get("/api/alarms")).json()
    assert [row["alarm_id"] for row in listed["alarms"]] == ["b.1", "a.1"]
    assert [row["place"] for row in listed["closed"]] == ["closed"]
    assert listed["console"] == "police"
    assert "assign_unit" in listed["kinds"]
    assert listed["connection"]["broker"] == "connecting"
    async with client.ws_connect("/ws") as socket:
        shown = await socket.receive_json()
    assert listed["alarms"] == shown["alarms"]
    assert listed["closed"] == shown["closed"]


async def test_health_is_200_and_says_what_is_missing(client: Client, feed: Feed) -> None:
    """A console without a broker serves, and does not call itself well."""
    feed.board.take(make_view(), RAISED_MS)
    response = await client.get("/healthz")
    health = await response.json()
    assert response.status == 200
    assert {"status", "console", "broker", "gateway"} <= set(health)
    assert ("degraded", "connecting", "unknown") == (
        health["status"],
        health["broker"],
        health["gateway"],
    )
    assert "open" not in health  # anybody may ask


async def test_a_fault_is_500_as_json(client: Client, feed: Feed) -> None:
    """A bug shows as one line too, and the server goes on."""
    feed.board = None  # type: ignore[assignment] # the bug
    response = await client.get("/api/alarms")
    assert (response.status, (await response.json())["error"]) == (500, "internal_server_error")
