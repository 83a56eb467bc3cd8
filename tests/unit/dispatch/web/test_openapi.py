"""Every answer that docs/openapi.yaml promises is really given, in the shape that it has there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from alarm_protocol.units import TimestampMs
from dispatch.core.lockout import FREE_FAILURES
from dispatch.feed import Feed
from dispatch.web.desk import CSRF_HEADER, VERIFY_WAITING_MAX, Desk
from dispatch.web.guard import BODY_BYTES_MAX
from tests.helpers.accounts import OPERATOR, PASSWORD, MemoryBook, signed_in
from tests.helpers.openapi import OPERATIONS, Operation, conforms
from tests.unit.dispatch.core.test_overview import make_overview
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]
Office = tuple[Desk, MemoryBook]

HERE = {"alarm_id": "aware-000123.1", "path": "main.js"}
SESSION = ("post", "/api/session")
END = ("post", "/api/session/end")
ACT = ("post", "/api/alarms/{alarm_id}/actions")
EARLIER = ("get", "/api/alarms/{alarm_id}/earlier")
LARGE = {"json": {"text": "x" * BODY_BYTES_MAX}}
SIGN_IN = {"name": OPERATOR, "password": PASSWORD}

CASES: list[tuple[tuple[str, str], int, dict[str, Any]]] = [
    (("get", "/"), 200, {}),
    (("get", "/static/{path}"), 200, {}),
    (("get", "/static/{path}"), 404, {"path": "nothing.js"}),
    (("get", "/api/session"), 200, {}),
    (SESSION, 200, {"json": SIGN_IN}),
    (SESSION, 400, {"json": {"name": OPERATOR}}),
    (SESSION, 401, {"json": {**SIGN_IN, "password": "fout"}}),
    (SESSION, 413, LARGE),
    (SESSION, 415, {"data": "name=x"}),
    (END, 200, {"json": {}}),
    (END, 400, {"json": {"everywhere": "yes"}}),
    (END, 413, LARGE),
    (END, 415, {"data": "everywhere=true"}),
    (("get", "/ws"), 400, {}),
    (("get", "/api/alarms"), 200, {}),
    (ACT, 400, {"json": {"kind": "note"}}),
    (ACT, 404, {"alarm_id": "aware-000124.1", "json": {"kind": "accept"}}),
    (ACT, 413, LARGE),
    (ACT, 415, {"data": "kind=accept"}),
    (ACT, 503, {"json": {"kind": "accept"}}),
    (("get", "/supervision"), 200, {}),
    (("get", "/history"), 200, {}),
    (("get", "/incident"), 200, {}),
    (("get", "/api/supervision"), 200, {}),
    (("get", "/api/supervision.csv"), 200, {"params": {"language": "en"}}),
    (("get", "/api/supervision.csv"), 400, {"params": {"language": "fr"}}),
    (("get", "/api/history"), 200, {"params": {"from": "2026-11-24", "page": "1"}}),
    (("get", "/api/history"), 400, {"params": {"page": "0"}}),
    (("get", "/api/history.csv"), 200, {"params": {"language": "en"}}),
    (("get", "/api/history.csv"), 400, {"params": {"language": "fr"}}),
    (EARLIER, 200, {}),
    (EARLIER, 404, {"alarm_id": "nobody.1"}),
    (("get", "/api/incidents/{alarm_id}"), 200, {}),
    (("get", "/api/incidents/{alarm_id}"), 400, {"params": {"raised_at_ms": "then"}}),
    (("get", "/api/incidents/{alarm_id}"), 404, {"alarm_id": "nobody.1"}),
    (("get", "/healthz"), 200, {}),
    (("get", "/readyz"), 503, {}),
]
"""What each operation answers to whom it lets in, without a broker."""
PAGES = ("/", "/history", "/incident", "/static/{path}", "/supervision")
ELSEWHERE = {
    **{("get", path): {304} for path in PAGES},
    **{("get", path): {303, 304} for path in ("/history", "/incident", "/supervision")},
    SESSION: {408, 429, 503},
    END: {408},
    ("get", "/ws"): {101, 503},
    ACT: {200, 408, 409, 504},
    ("get", "/readyz"): {200},
    ("get", "/api/history"): {503},
    ("get", "/api/history.csv"): {503},
    ("get", "/api/incidents/{alarm_id}"): {503},
}
"""What other tests of this file get, those of looks (`test_looks.py`), and those with a real broker
(`test_console_live.py`)."""


@pytest.fixture
async def full(client: Client, feed: Feed, office: Office) -> Client:
    """Give a client of a supervisor, at a console that has something to show of every kind."""
    feed.overview = make_overview()
    feed.board.take(make_view(), RAISED_MS)
    feed.board.take(make_view("aware-000009.1", status="closed"), RAISED_MS)
    feed.history.note(closed())
    await feed.history.keep(TimestampMs(RAISED_MS))
    office[1].put("Sef", "supervisor")
    client.session.headers.update(signed_in(*office, str(client.make_url("/")), "Sef"))
    return client


async def ask(client: Client, operation: Operation, /, **options: Any) -> Any:
    """Send one request; what stands in the path is an alarm or a file that is there."""
    here = {name: options.pop(name, value) for name, value in HERE.items()}
    address = operation.path.format(**here)
    return await client.request(operation.method, address, allow_redirects=False, **options)


def test_every_promise_is_tried() -> None:
    """No status stands in the document without a request below, or with a broker, that gets it."""
    for key, operation in OPERATIONS.items():
        tried = {status for one, status, _ in CASES if one == key} | ELSEWHERE.get(key, set())
        usual = {403, 405} | ({401} if operation.signed and operation.path not in PAGES else set())
        assert set(operation.responses) == tried | usual, key


@pytest.mark.parametrize(("key", "status", "options"), CASES)
async def test_an_answer_is_as_it_is_written(
    full: Client, key: tuple[str, str], status: int, options: dict[str, Any]
) -> None:
    """Status, type, headers and shape."""
    response = await ask(full, OPERATIONS[key], **options)
    assert status == response.status
    await conforms(OPERATIONS[key], response)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.content["summary"])
async def test_strangers_are_answered_as_it_is_written(full: Client, operation: Operation) -> None:
    """Another site's page, somebody without a session, and a method that is not there."""
    foreign = await ask(full, operation, headers={"Origin": "http://evil.example"})
    assert 403 == foreign.status
    await conforms(operation, foreign)
    wrong = await full.delete(operation.path.format(**HERE))
    assert 405 == wrong.status
    await conforms(operation, wrong)
    if operation.signed:
        signed_out = await ask(full, operation, headers={"Cookie": ""})
        assert (303 if operation.path in PAGES else 401) == signed_out.status
        await conforms(operation, signed_out)
    if operation.method == "post" and operation.signed:
        untold = await ask(full, operation, json={}, headers={CSRF_HEADER: "0" * 64})
        assert 403 == untold.status
        await conforms(operation, untold)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_that_is_there_already_is_304(full: Client, path: str) -> None:
    """Asked for again with its ETag."""
    operation = OPERATIONS["get", path]
    first = await ask(full, operation)
    again = await ask(full, operation, headers={"If-None-Match": first.headers["ETag"]})
    assert 304 == again.status
    await conforms(operation, again)


async def test_who_is_no_supervisor_is_answered_as_it_is_written(
    full: Client, office: Office
) -> None:
    """The role's own 403 has the shape of any."""
    headers = signed_in(*office, str(full.make_url("/")))
    for path in ("/supervision", "/api/supervision", "/api/supervision.csv"):
        response = await ask(full, OPERATIONS["get", path], headers=headers)
        assert 403 == response.status
        await conforms(OPERATIONS["get", path], response)


async def test_a_door_that_is_locked_or_busy_is_as_it_is_written(
    full: Client, office: Office
) -> None:
    """429 with the time to wait; 503 while too many sign in at once."""
    for _ in range(FREE_FAILURES):
        await ask(full, OPERATIONS[SESSION], json={**SIGN_IN, "password": "fout"})
    locked = await ask(full, OPERATIONS[SESSION], json=SIGN_IN)
    office[0]._waiting = VERIFY_WAITING_MAX
    busy = await ask(full, OPERATIONS[SESSION], json={**SIGN_IN, "name": "Sef"})
    assert (429, 503) == (locked.status, busy.status)
    await conforms(OPERATIONS[SESSION], locked)
    await conforms(OPERATIONS[SESSION], busy)


@pytest.mark.parametrize("key", [SESSION, END, ACT])
async def test_a_body_that_does_not_come_is_as_it_is_written(
    full: Client, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """408, and the rest of it is not waited for."""
    monkeypatch.setattr("dispatch.web.connections.BODY_WITHIN_S", 0.1)
    answered = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await answered.wait()

    headers = {"Content-Type": "application/json"}
    response = await ask(full, OPERATIONS[key], data=slow(), headers=headers)
    answered.set()
    assert 408 == response.status
    await conforms(OPERATIONS[key], response)


async def test_the_live_channel_opens_and_has_a_limit(
    full: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """101 to a page; 503 in the usual shape where there are too many."""
    operation = OPERATIONS["get", "/ws"]
    async with full.ws_connect("/ws") as page:
        assert 101 == page._response.status
        await conforms(operation, page._response)
    monkeypatch.setattr("dispatch.web.live.PAGES_MAX", 0)
    full_up = await ask(full, operation)
    assert 503 == full_up.status
    await conforms(operation, full_up)
