"""The history over HTTP: days as the Dutch have them, clear refusals, and one alarm whole."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec import structs

from alarm_protocol.units import TimestampMs
from dispatch.feed import Feed
from dispatch.looks import LookBook, read_looks
from dispatch.web.desk import Desk
from dispatch.web.server import make_app
from tests.helpers.accounts import MemoryBook, signed_in
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import POLICE_HOUSEHOLD, RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]
DAY = "2026-11-24"


async def test_a_search_by_day_and_code_finds_the_alarm(client: Client, feed: Feed) -> None:
    """RAISED_MS is in the night of 24 November, Dutch time."""
    feed.history.note(closed())
    await feed.history.keep(RAISED_MS)
    for query, total in (
        ("", 1),
        (f"?from={DAY}&to={DAY}&disposition=genuine&municipality=Leiden&device=aware-", 1),
        ("?to=2026-11-23", 0),
        ("?from=2026-11-25", 0),
        ("?municipality=Gouda", 0),
    ):
        response = await client.get(f"/api/history{query}")
        assert (200, total) == (response.status, (await response.json())["total"])


@pytest.mark.parametrize(
    "query",
    [
        "from=gisteren",
        "to=2026-13-01",
        "to=9999-12-31",
        "page=0",
        "page=x",
        "page=99999999999",
        "disposition=nice",
        f"from={DAY}&to=2026-11-01",
        "device=" + "x" * 81,
    ],
)
async def test_a_bad_question_is_refused_in_one_line(client: Client, query: str) -> None:
    """400, in both languages."""
    response = await client.get(f"/api/history?{query}")
    problem = await response.json()
    assert (400, "bad_query") == (response.status, problem["error"])
    assert problem["message"]
    assert problem["message_en"]


async def test_an_incident_is_the_board_s_or_the_history_s(client: Client, feed: Feed) -> None:
    """An open alarm is there as it is now; an older one of the same name by when it was raised."""
    older = TimestampMs(RAISED_MS - 86_400_000)
    feed.history.note(closed(raised_at_ms=older))
    await feed.history.keep(RAISED_MS)
    feed.board.take(make_view(), RAISED_MS)
    path = "/api/incidents/aware-000123.1"
    now = await (await client.get(path)).json()
    then = await (await client.get(f"{path}?raised_at_ms={older}")).json()
    assert (False, "open") == (now["closed"], now["view"]["status"])
    assert (True, "closed", older) == (
        then["closed"],
        then["view"]["status"],
        then["view"]["raised_at_ms"],
    )
    for missing in (f"{path}?raised_at_ms=5", "/api/incidents/nobody.1", "/api/incidents/%27"):
        assert 404 == (await client.get(missing)).status


@pytest.mark.parametrize("path", ["/api/history", "/api/incidents/aware-000123.1"])
async def test_without_a_session_there_is_no_history(client: Client, feed: Feed, path: str) -> None:
    """401, and nothing of the alarm."""
    feed.history.note(closed())
    await feed.history.keep(RAISED_MS)
    response = await client.get(path, headers={"Cookie": ""})
    assert 401 == response.status
    assert "Leiden" not in await response.text()


async def test_who_looks_into_the_history_is_written_down(
    feed: Feed, office: tuple[Desk, MemoryBook], tmp_path: Path
) -> None:
    """A found alarm is a look at it, like one on the queue; what was not found is none."""
    feed.history.note(closed())
    await feed.history.keep(RAISED_MS)
    looks = LookBook(tmp_path / "looks", "police")
    async with TestClient(TestServer(make_app(feed, office[0], looks=looks))) as client:
        headers = signed_in(*office, str(client.make_url("/")))
        await client.get("/api/history?device=nobody", headers=headers)
        assert [] == list(read_looks(tmp_path / "looks"))
        await client.get("/api/history", headers=headers)
        await client.get("/api/incidents/aware-000123.1", headers=headers)
    found = [(one.alarm_id, one.operation_name) for one in read_looks(tmp_path / "looks")]
    assert [("aware-000123.1", "listed"), ("aware-000123.1", "opened")] == found


async def test_earlier_alarms_are_told_of_what_is_on_the_board_only(
    client: Client, feed: Feed
) -> None:
    """200 with those of that home; 404 for an alarm that this console does not have."""
    first = make_view("aware-000123.2", raised_at_ms=TimestampMs(RAISED_MS + 1))
    feed.board.take(first, RAISED_MS + 1)
    feed.history.note(closed())
    await feed.history.keep(RAISED_MS)
    response = await client.get("/api/alarms/aware-000123.2/earlier")
    rows = (await response.json())["rows"]
    assert (200, ["aware-000123.1"]) == (response.status, [one["alarm_id"] for one in rows])
    assert 404 == (await client.get("/api/alarms/aware-000999.2/earlier")).status


async def test_the_table_has_all_that_fits_as_data_only(client: Client, feed: Feed) -> None:
    """A file with a header in the language, the newest first, and no cell that is a formula."""
    feed.history.note(closed(household=structs.replace(POLICE_HOUSEHOLD, municipality="=1+1")))
    feed.history.note(closed("aware-000124.1", 1_000))
    await feed.history.keep(RAISED_MS)
    response = await client.get("/api/history.csv?device=aware-&language=en")
    assert "text/csv" == response.content_type
    assert 'filename="history-police-' in response.headers["Content-Disposition"]
    header, *rows = (await response.text()).splitlines()
    assert header.startswith("alarm,raised_utc,closed_utc,device,")
    assert ["aware-000124.1", "aware-000123.1"] == [one.partition(",")[0] for one in rows]
    assert "'=1+1" in rows[1]


async def test_a_table_that_is_too_long_is_refused(
    client: Client, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 with what to do, and no part of it that looks like the whole."""
    monkeypatch.setattr("dispatch.history.TABLE_ROWS_MAX", 1)
    monkeypatch.setattr("dispatch.web.history.TABLE_ROWS_MAX", 1)
    feed.history.note(closed())
    await feed.history.keep(RAISED_MS)
    assert 200 == (await client.get("/api/history.csv")).status
    feed.history.note(closed("aware-000124.1"))
    await feed.history.keep(RAISED_MS)
    response = await client.get("/api/history.csv")
    assert (400, "too_many") == (response.status, (await response.json())["error"])
