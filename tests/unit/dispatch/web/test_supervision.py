"""Who gets the supervisor's report: that role of this organisation, and nobody else."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dispatch.feed import Feed
from dispatch.web.desk import Desk
from dispatch.web.server import make_app
from tests.helpers.accounts import MemoryBook, make_desk, signed_in
from tests.unit.dispatch.core.test_overview import make_overview
from tests.unit.dispatch.views import RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]
Office = tuple[Desk, MemoryBook]

PATHS = ("/supervision", "/api/supervision", "/api/supervision.csv")
TOLD = "aware/v1/devices/aware-000001/press"


@pytest.fixture
def told(feed: Feed) -> Feed:
    """Let the gateway have said something to this console's supervisors."""
    feed.overview = make_overview()
    feed.board.take(make_view(), RAISED_MS)
    return feed


def headers_of(office: Office, client: Client, name: str) -> dict[str, str]:
    """Return the headers of somebody who is signed in."""
    return signed_in(*office, str(client.make_url("/")), name)


@pytest.mark.parametrize("role", ["operator", "read_only"])
async def test_other_roles_get_nothing(
    told: Feed, client: Client, office: Office, role: str
) -> None:
    """403 and not a word of it, by each path; and their WebSocket never carries any."""
    office[1].put("Rie", role)  # type: ignore[arg-type] # one of the roles
    headers = headers_of(office, client, "Rie")
    for path in PATHS:
        response = await client.get(path, headers=headers)
        assert (403, "not_supervisor") == (response.status, (await response.json())["error"])
        assert TOLD not in await response.text()
    async with client.ws_connect("/ws", headers=headers) as socket:
        first = await socket.receive_json(timeout=5)
        assert {"type", "console", "kinds", "server_time_ms", "connection"} < set(first)
        assert "overview" not in first
        assert TOLD not in str(first)


async def test_a_supervisor_gets_the_page_the_report_and_the_file(
    told: Feed, client: Client, office: Office
) -> None:
    """With the bytes as text that is only text."""
    office[1].put("Sef", "supervisor")
    headers = headers_of(office, client, "Sef")
    page, report, file = [await client.get(path, headers=headers) for path in PATHS]
    assert ["text/html", "application/json", "text/csv"] == [
        one.content_type for one in (page, report, file)
    ]
    (sample,) = (await report.json())["samples"]
    assert (TOLD, r"<b>\xff" + "\\\\") == (sample["topic"], sample["begin"])
    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert TOLD in await file.text()
    english = await client.get("/api/supervision.csv?language=en", headers=headers)
    assert (await english.text()).startswith("kind,time_utc")


async def test_the_other_agencys_supervisor_gets_nothing(told: Feed, office: Office) -> None:
    """A session of Veilig Thuis opens nothing at the police, by whatever name its cookie goes."""
    theirs = make_desk("veilig_thuis")
    theirs[1].put("Vera", "supervisor")
    async with TestClient(TestServer(make_app(told, office[0]))) as client:
        headers = headers_of(theirs, client, "Vera")
        token = headers["Cookie"].partition("=")[2]
        for cookie in (headers["Cookie"], f"{office[0].cookie}={token}"):
            for path in PATHS[1:]:
                response = await client.get(path, headers=headers | {"Cookie": cookie})
                assert 401 == response.status
                assert TOLD not in await response.text()


async def test_a_browser_that_is_signed_out_is_led_to_the_door(client: Client) -> None:
    """The page's address leads to the sign-in, and its data stay shut."""
    page = await client.get("/supervision", headers={"Cookie": ""}, allow_redirects=False)
    assert (303, "/") == (page.status, page.headers["Location"])
    assert 401 == (await client.get("/api/supervision", headers={"Cookie": ""})).status
