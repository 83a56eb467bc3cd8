"""The door of a console: who comes in, how long, and what a cookie alone does not open."""

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from dispatch.core.lockout import FREE_FAILURES
from dispatch.core.sessions import SessionLimits
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.desk import CSRF_HEADER, Desk
from dispatch.web.live import SIGNED_OUT
from dispatch.web.server import make_app
from tests.helpers.accounts import OPERATOR, PASSWORD, MemoryBook, make_desk, signed_in
from tests.unit.dispatch.views import RAISED_MS, make_view
from tests.unit.dispatch.web.conftest import NOBODY

if TYPE_CHECKING:
    from dispatch.core.accounts import Role

Client = TestClient[web.Request, web.Application]
Office = tuple[Desk, MemoryBook]

ACTIONS = "/api/alarms/aware-000123.1/actions"
ADDRESS = "Haarlemmerstraat"


async def sign_in(client: Client, name: str = OPERATOR, password: str = PASSWORD) -> Any:
    """Post a name and a password as the page does, with no session before."""
    headers = {"Cookie": "", CSRF_HEADER: ""}
    body = {"name": name, "password": password}
    return await client.post("/api/session", json=body, headers=headers)


async def test_the_right_password_gives_a_cookie_that_scripts_and_other_sites_never_see(
    client: Client,
) -> None:
    """HttpOnly, SameSite=Strict, of the whole site, for a shift; and it opens the console."""
    response = await sign_in(client, "k. DE boer")
    cookie = response.cookies["dispatch-police"]
    assert (200, True, "Strict", "/") == (
        response.status,
        cookie["httponly"],
        cookie["samesite"],
        cookie["path"],
    )
    assert str(12 * 60 * 60) == cookie["max-age"]
    headers = {"Cookie": f"dispatch-police={cookie.value}"}
    me = await (await client.get("/api/session", headers=headers)).json()
    assert (OPERATOR, "operator", "police") == (me["name"], me["role"], me["console"])


async def test_behind_tls_the_cookie_is_secure_and_the_origin_https(feed: Feed) -> None:
    """The cookie never goes over plain http, and a page over plain http is another site."""
    book = make_desk()[1]
    desk = Desk(book, behind_tls=True)
    async with TestClient(TestServer(make_app(feed, desk))) as client:
        plain = str(client.make_url("/").origin())
        secure = plain.replace("http:", "https:")
        body = {"name": OPERATOR, "password": PASSWORD}
        refused = await client.post("/api/session", json=body, headers={"Origin": plain})
        taken = await client.post("/api/session", json=body, headers={"Origin": secure})
        assert (403, 200) == (refused.status, taken.status)
        cookie = taken.cookies["__Host-dispatch-police"]
        assert cookie["secure"]


@pytest.mark.parametrize(
    ("name", "password"), [(OPERATOR, "een ander wachtwoord"), ("Niemand", PASSWORD)]
)
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    client: Client, name: str, password: str
) -> None:
    """Nobody learns from the answer who has an account."""
    response = await sign_in(client, name, password)
    problem = await response.json()
    assert (401, "wrong", "naam of wachtwoord klopt niet") == (
        response.status,
        problem["error"],
        problem["message"],
    )
    assert "Set-Cookie" not in response.headers


async def test_a_disabled_account_opens_nothing(client: Client, office: Office) -> None:
    """Not with the right password, and a session that was open is over at once."""
    office[1].disable()
    assert 401 == (await sign_in(client)).status
    assert 401 == (await client.get("/api/alarms")).status


async def test_after_some_wrong_passwords_even_the_right_one_waits(client: Client) -> None:
    """429 with the time to wait, for names that exist and for names that do not."""
    for name in (OPERATOR, "Niemand"):
        statuses = [(await sign_in(client, name, "fout")).status for _ in range(FREE_FAILURES)]
        assert [401] * FREE_FAILURES == statuses
        response = await sign_in(client, name)
        assert (429, "locked") == (response.status, (await response.json())["error"])
        assert 0 < int(response.headers["Retry-After"]) <= 30


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/alarms"),
        ("GET", "/ws"),
        ("POST", ACTIONS),
        ("POST", "/api/session/end"),
        ("GET", "/api/anything"),
    ],
)
async def test_without_a_session_there_is_nothing(
    client: Client, feed: Feed, method: str, path: str
) -> None:
    """401, and not a word of any alarm, whatever cookie was made up."""
    feed.board.take(make_view(), RAISED_MS)
    for cookie in ("", "dispatch-police=", "dispatch-police=made-up", "other=x"):
        response = await client.request(method, path, headers={"Cookie": cookie}, json={})
        assert 401 == response.status
        assert ADDRESS not in await response.text()


async def test_a_change_needs_the_token_of_its_own_session(
    client: Client, office: Office, feed: Feed
) -> None:
    """A cookie alone changes nothing: not without the token, and not with another session's."""
    feed.board.take(make_view(), RAISED_MS)
    other = signed_in(*office, str(client.make_url("/")))[CSRF_HEADER]
    for token in ("", "x", other, "é"):
        for path in (ACTIONS, "/api/session/end"):
            response = await client.post(
                path, json={"kind": "accept"}, headers={CSRF_HEADER: token}
            )
            assert 403 == response.status


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
async def test_a_change_and_a_websocket_need_this_sites_origin(
    client: Client, feed: Feed, origin: str | None
) -> None:
    """Without the right Origin nothing is changed and no live channel opens."""
    feed.board.take(make_view(), RAISED_MS)
    if origin is None:
        del client.session.headers["Origin"]
    else:
        client.session.headers["Origin"] = origin
    assert 403 == (await client.post(ACTIONS, json={"kind": "accept"})).status
    assert 403 == (await client.post("/api/session", json={})).status
    with pytest.raises(WSServerHandshakeError) as failure:
        await client.ws_connect("/ws")
    assert 403 == failure.value.status


async def test_signing_out_ends_the_session_and_its_page(client: Client) -> None:
    """The live channel closes with a code that says why, and the cookie opens nothing more."""
    async with client.ws_connect("/ws") as page:
        assert "snapshot" == (await page.receive_json())["type"]
        assert 200 == (await client.post("/api/session/end", json={})).status
        message = await page.receive(timeout=5)
        while message.type is WSMsgType.TEXT:
            message = await page.receive(timeout=5)
        assert (WSMsgType.CLOSE, SIGNED_OUT) == (message.type, message.data)
    assert 401 == (await client.get("/api/alarms")).status


async def test_signing_out_everywhere_ends_every_page_of_that_person(
    client: Client, office: Office
) -> None:
    """Another browser of the same person is out too; a colleague stays."""
    desk, book = office
    origin = str(client.make_url("/"))
    elsewhere = signed_in(desk, book, origin)
    book.put("Bob")
    colleague = signed_in(desk, book, origin, "Bob")
    await client.post("/api/session/end", json={"everywhere": True})
    assert 401 == (await client.get("/api/alarms", headers=elsewhere)).status
    assert 200 == (await client.get("/api/alarms", headers=colleague)).status


async def test_a_new_password_ends_the_sessions_of_the_old_one(
    client: Client, office: Office
) -> None:
    """A reset is also for the case that somebody else knew the password."""
    assert 200 == (await client.get("/api/alarms")).status
    office[1].put(OPERATOR)
    assert 401 == (await client.get("/api/alarms")).status


async def test_a_page_is_sent_away_when_its_session_ends_by_itself(feed: Feed) -> None:
    """An idle session's live channel does not outlive it."""
    desk, book = make_desk(limits=SessionLimits(idle_ms=300, absolute_ms=10_000))
    async with TestClient(TestServer(make_app(feed, desk))) as client:
        client.session.headers.update(signed_in(desk, book, str(client.make_url("/"))))
        async with client.ws_connect("/ws") as page:
            message = await page.receive(timeout=10)
            while message.type is WSMsgType.TEXT:
                message = await page.receive(timeout=10)
            assert SIGNED_OUT == message.data


async def test_who_only_reads_sees_all_and_changes_nothing(
    client: Client, office: Office, feed: Feed
) -> None:
    """The role has no actions: the page shows none, and the server takes none."""
    feed.board.take(make_view(), RAISED_MS)
    desk, book = office
    book.put("Rie", "read_only")
    headers = signed_in(desk, book, str(client.make_url("/")), "Rie")
    listed = await (await client.get("/api/alarms", headers=headers)).json()
    assert ([], 1) == (listed["kinds"], len(listed["alarms"]))
    answer = await client.post(ACTIONS, json={"kind": "accept"}, headers=headers)
    assert (403, "read_only") == (answer.status, (await answer.json())["error"])


async def test_a_session_of_the_police_opens_nothing_at_veilig_thuis(
    client: Client, office: Office
) -> None:
    """A browser sends its cookies to every port of this machine; they still open one console."""
    police = signed_in(*office, str(client.make_url("/")))
    settings = Settings(console="veilig_thuis", broker=NOBODY, host="127.0.0.1", port=0)
    feed = Feed(settings)
    feed.board.take(make_view(console="veilig_thuis"), RAISED_MS)
    desk = make_desk("veilig_thuis")[0]
    secret = police["Cookie"].partition("=")[2]
    async with TestClient(TestServer(make_app(feed, desk))) as other:
        origin = str(other.make_url("/").origin())
        for cookie in (police["Cookie"], f"dispatch-veilig_thuis={secret}"):
            headers = {**police, "Origin": origin, "Cookie": cookie}
            for method, path in (("GET", "/api/alarms"), ("GET", "/ws"), ("POST", ACTIONS)):
                response = await other.request(method, path, headers=headers, json={})
                assert 401 == response.status
                assert "VT-2026" not in await response.text()


async def test_what_a_page_painted_counts_for_who_may_act(
    client: Client, office: Office, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's screen is told with the name of the session; who only reads tells nothing.

    Neither painting nor what cannot be read is a sign of a hand.
    """
    desk, book = office
    view = make_view()
    feed.board.take(view, RAISED_MS)
    seen: list[str] = []
    monkeypatch.setattr(desk, "seen", lambda session: seen.append(session.name))
    rows = {"type": "painted", "rows": [[view.alarm_id, 1], ["no-such.1", 1]]}
    expecting: tuple[tuple[Role, tuple[str, str] | None], ...] = (
        ("read_only", None),
        ("operator", ("K. de Boer", view.alarm_id)),
    )
    for role, expected in expecting:
        book.put(role=role)
        headers = signed_in(desk, book, str(client.make_url("/")))
        async with client.ws_connect("/ws", headers=headers) as page:
            await page.send_json({"type": "painted", "rows": "none"})
            await page.send_str("{")
            await page.send_json(rows)
            assert "snapshot" == (await page.receive_json())["type"]
            await page.close()
        due = feed.sightings.take_due()
        assert expected == (None if due is None else (due[0], due[1][0].alarm_id))
    assert [] == seen
