"""What OWASP ASVS asks of a web interface and no other test here shows: see docs/asvs.md."""

import ast
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

import dispatch
from alarm_protocol.runtime import logs
from alarm_protocol.units import TimestampMs
from dispatch.accounts import make_account, opens
from dispatch.core.accounts import PASSWORD_CHARS_MAX, Account
from dispatch.core.requests import BadRequest
from dispatch.feed import Feed
from dispatch.web.desk import CSRF_HEADER, TOKEN_BYTES, Desk
from tests.helpers.accounts import OPERATOR, PASSWORD, MemoryBook, csrf_of, signed_in
from tests.unit.dispatch.core.test_requests import build
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import RAISED_MS, make_view

Client = TestClient[web.Request, web.Application]
Office = tuple[Desk, MemoryBook]
Told = list[structlog.typing.EventDict]

ROOT = Path(__file__).parents[4]
ACTIONS = "/api/alarms/aware-000123.1/actions"
ADDRESS = "Haarlemmerstraat"
COOKIE = "dispatch-police"
DATA = (
    "/api/session", "/api/alarms", "/api/history", "/api/incidents/aware-000123.1",
    "/api/supervision", "/api/supervision.csv", "/api/nothing",
)  # fmt: skip
MEMORY_KIB_MIN = 15 * 1_024
ROUNDS_MIN = 2
SALT_CHARS_MIN = 6
"""32 bits in base 64."""


@pytest.fixture
def told() -> Iterator[Told]:
    """Give what is logged, as a console of its own logs it; other tests set other levels."""
    before = structlog.get_config()
    logs.configure()
    with structlog.testing.capture_logs() as lines:
        yield lines
    structlog.configure(**before)


def token_of(response: Any) -> str:
    """Return the secret that an answer gives to its browser."""
    return str(response.cookies[COOKIE].value)


async def sign_in(client: Client, password: str = PASSWORD, cookie: str = "") -> Any:
    """Sign in as the page does."""
    body = {"name": OPERATOR, "password": password}
    answer = await client.post("/api/session", json=body, headers={"Cookie": cookie})
    client.session.cookie_jar.clear()  # a test sends the cookies that it names
    return answer


async def test_a_secret_is_taken_from_its_cookie_and_from_nowhere_else(
    client: Client, feed: Feed
) -> None:
    """Not from an address or another header; and no answer has it in its text."""
    feed.board.take(make_view(), RAISED_MS)
    answer = await sign_in(client)
    token = token_of(answer)
    assert token not in await answer.text()
    me = await client.get("/api/session", headers={"Cookie": f"{COOKIE}={token}"})
    assert (200, False) == (me.status, token in await me.text())
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {CSRF_HEADER: token},
        {COOKIE: token},
    ):
        address = f"/api/alarms?{COOKIE}={token}&token={token}"
        response = await client.get(address, headers={"Cookie": "", **headers})
        assert (401, False) == (response.status, ADDRESS in await response.text())


async def test_each_sign_in_has_a_secret_of_its_own(client: Client) -> None:
    """One that somebody put there before opens nothing, and two are never the same."""
    planted = "A" * 43
    answers = [await sign_in(client, cookie=f"{COOKIE}={planted}") for _ in range(3)]
    tokens = {token_of(answer) for answer in answers}
    assert 3 == len(tokens - {planted})
    assert all(len(one) >= TOKEN_BYTES * 4 // 3 for one in tokens)
    response = await client.get("/api/alarms", headers={"Cookie": f"{COOKIE}={planted}"})
    assert 401 == response.status


def test_passwords_are_hashed_slowly_and_each_with_its_own_salt() -> None:
    """argon2id at or above what ASVS 2.4.5 asks, with 32 bits of salt or more."""
    hashes = [make_account("Ans", "operator", PASSWORD).password_hash for _ in range(2)]
    salts = set()
    for one in hashes:
        found = re.fullmatch(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$[^$]+", one)
        assert found is not None
        assert MEMORY_KIB_MIN <= int(found[1])
        assert ROUNDS_MIN <= int(found[2])
        assert SALT_CHARS_MIN <= len(found[4])
        salts.add(found[4])
    assert 2 == len(salts)


def test_a_password_is_taken_as_it_is() -> None:
    """Long, with spaces and letters of any script, without rules, and to its last character."""
    password = "één zin met spaties en ねこ 🚨 ".ljust(PASSWORD_CHARS_MAX, "x")
    account = make_account("Ans", "operator", password)
    assert opens(account, password)
    assert not opens(account, password[:-1])
    assert not opens(account, password.upper())


async def test_a_password_that_is_too_long_is_refused_unread(client: Client, told: Told) -> None:
    """It is answered like any wrong one, and costs no work."""
    answer = await sign_in(client, "x" * (PASSWORD_CHARS_MAX + 1))
    assert (401, "wrong") == (answer.status, (await answer.json())["error"])
    assert "sign-in refused" not in {one["event"] for one in told}  # which is after the work


@pytest.mark.parametrize("path", ["/api/alarms", "/supervision", "/ws", ACTIONS])
async def test_a_fault_lets_nobody_in_and_tells_nothing(
    client: Client, office: Office, feed: Feed, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Where the accounts cannot be looked up the answer is 500, without data and without why."""
    feed.board.take(make_view(), RAISED_MS)

    def broken(_name: str) -> Account | None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(office[1], "find", broken)
    response = await client.request("POST" if path == ACTIONS else "GET", path, json={})
    text = await response.text()
    assert 500 == response.status
    assert not [word for word in (ADDRESS, "secret inside", "Traceback", ".py") if word in text]


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/vendor/", "/static/vendor", "/static/.git/HEAD", "/static/.DS_Store",
        "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2f..%2faccounts.py",
        "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/main.js.bak",
        "/static/vendor/lit.json", "/static/main.js%00.css", "/.git/HEAD", "/robots.txt",
    ],
)  # fmt: skip
async def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    """No list of a folder, no file beside them, no way up."""
    response = await client.get(URL(path, encoded=True))
    assert 404 == response.status
    assert "import" not in await response.text()


@pytest.mark.parametrize(
    "query", ["page=1&page=2", "device=a&device=b", "from=2026-11-24&from=2026-11-25"]
)
async def test_a_question_that_is_asked_twice_is_refused(client: Client, query: str) -> None:
    """Nobody in between can read another one of the two than the console does."""
    response = await client.get(f"/api/history?{query}")
    assert (400, "bad_query") == (response.status, (await response.json())["error"])


async def test_what_belongs_in_a_body_is_not_taken_from_an_address(
    client: Client, feed: Feed
) -> None:
    """The kind of an action in the query is as if it were not there."""
    feed.board.take(make_view(), RAISED_MS)
    response = await client.post(f"{ACTIONS}?kind=accept", json={})
    assert (400, "unknown_kind") == (response.status, (await response.json())["error"])


@pytest.mark.parametrize(
    "path", ["/supervision", "/history?next=//evil.example", "/incident?url=https://evil.example"]
)
async def test_the_only_redirect_is_to_the_door(client: Client, path: str) -> None:
    """Nothing in an address says where a browser goes."""
    headers = {"Cookie": "", "X-Forwarded-Host": "evil.example", "Referer": "https://evil.example"}
    response = await client.get(path, headers=headers, allow_redirects=False)
    assert (303, "/") == (response.status, response.headers["Location"])


@pytest.mark.parametrize("text", ["O'Hara ねこ 🚨", '"<b>&amp;</b>${1}', "שלום, café ﷽"])
def test_any_letter_is_kept_as_it_was_written(text: str) -> None:
    """Names with an apostrophe, other scripts and markup are text like any other."""
    action = build(kind="note", text=text)
    assert not isinstance(action, BadRequest)
    assert text == action.text  # type: ignore[union-attr] # it is a note


async def test_a_question_is_never_part_of_the_query_of_a_database(
    client: Client, feed: Feed
) -> None:
    """Quotes and wildcards find nothing, and what was there is there afterwards."""
    feed.history.note(closed())
    await feed.history.keep(TimestampMs(RAISED_MS))
    for asked in ("' OR '1'='1", "%", "_", "'; DROP TABLE closed; --", "\\"):
        for name in ("municipality", "device"):
            response = await client.get("/api/history", params={name: asked})
            assert (200, 0) == (response.status, (await response.json())["total"]), asked
        assert 404 == (await client.get(f"/api/incidents/{asked.replace('/', '')}")).status
    assert 1 == (await (await client.get("/api/history")).json())["total"]


def test_a_console_starts_no_program_and_fetches_nothing() -> None:
    """No shell, no other site, no code from text and no pickle in its whole package."""
    modules = {"subprocess", "pickle", "marshal", "urllib.request", "http.client", "requests"}
    names = {
        "ClientSession", "urlopen", "create_subprocess_exec", "create_subprocess_shell", "system",
        "popen", "execv", "execve", "posix_spawn", "fork", "eval", "exec",
    }  # fmt: skip
    found = []
    for path in Path(next(iter(dispatch.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            used: set[str] = set()
            if isinstance(node, ast.Import):
                used = {one.name for one in node.names} & modules
            elif isinstance(node, ast.ImportFrom):
                brought = {one.name for one in node.names} & names
                used = ({str(node.module)} & modules) | brought
            elif isinstance(node, ast.Attribute):
                used = {node.attr} & names
            elif isinstance(node, ast.Name):
                used = {node.id} & names
            found += [(path.name, one) for one in used]
    assert [] == found


def test_the_proxy_limits_who_signs_in_by_address() -> None:
    """Each console's server in front has a limit on the door, whatever name is tried."""
    text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    assert re.search(r"limit_req_zone \$binary_remote_addr zone=signing_in:\S+ rate=\d+r/m;", text)
    doors = re.findall(r"location = /api/session \{([^}]*)\}", text)
    assert len(doors) == len(re.findall(r"listen \d+ ssl", text)) > 0
    assert all("limit_req zone=signing_in" in door for door in doors)


async def test_who_came_and_who_was_refused_is_logged_without_any_secret(
    client: Client, told: Told
) -> None:
    """Every decision at the door is a line; no password, cookie or token is in any."""
    await sign_in(client, "een fout wachtwoord")
    answer = await sign_in(client)
    token = token_of(answer)
    headers = {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: "0" * 64}
    await client.post("/api/session/end", json={}, headers=headers)
    await client.get("/api/supervision", headers=headers)
    headers[CSRF_HEADER] = csrf_of(token)
    await client.post("/api/session/end", json={}, headers=headers)
    assert [
        "sign-in refused", "signed in", "change without its token", "not for this role",
        "signed out",
    ] == [one["event"] for one in told if one["event"] != "broker lost"]  # fmt: skip
    for secret in (PASSWORD, "een fout wachtwoord", token, csrf_of(token)):
        assert secret not in str(told)


@pytest.mark.parametrize("path", DATA)
async def test_data_is_no_page(client: Client, path: str) -> None:
    """Somebody who is led to its address gets a file, of a type that no browser runs."""
    response = await client.get(path)
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert response.content_type in {"application/json", "text/csv"}
    for read in ("/", "/nothing"):
        page = await client.get(read)
        assert "Content-Disposition" not in page.headers


@pytest.mark.parametrize("path", DATA)
async def test_no_answer_with_data_is_kept_anywhere(
    client: Client, office: Office, feed: Feed, path: str
) -> None:
    """`no-store`, for a supervisor, for others, and for who is signed out."""
    feed.board.take(make_view(), RAISED_MS)
    office[1].put("Sef", "supervisor")
    supervisor = signed_in(*office, str(client.make_url("/")), "Sef")
    for headers in (supervisor, {}, {"Cookie": ""}):
        response = await client.get(path, headers=headers)
        assert "no-store" == response.headers["Cache-Control"]


def test_a_browser_keeps_only_what_its_workplace_prefers() -> None:
    """One file uses its storage, and nothing else that outlives a page; never an alarm."""
    for entry in (resources.files("dispatch.web") / "static").iterdir():
        if entry.name.endswith(".js"):
            text = entry.read_text(encoding="utf-8")
            storage = r"\b(?:local|session)Storage\b|indexedDB|\bcaches\b|document\.cookie"
            assert not re.search(storage, text) or entry.name == "prefs.js", entry.name


async def test_no_answer_tells_which_program_it_is(client: Client) -> None:
    """Neither its name nor its version helps whoever looks for a known weakness."""
    for path in ("/", "/static/main.js", "/api/alarms", "/nothing", "/healthz"):
        headers = (await client.get(path)).headers
        assert not {"Server", "X-Powered-By", "Via"} & set(headers)


async def test_no_other_site_may_read_or_ask_first(client: Client) -> None:
    """A preflight is refused, and no answer lets another origin in."""
    asking = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for path in ("/api/alarms", "/api/session", ACTIONS, "/healthz"):
        refused = await client.options(path, headers=asking)
        own = await client.get("/api/alarms")
        assert 403 == refused.status
        for response in (refused, own):
            assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_what_only_a_proxy_may_say_changes_nothing(client: Client, feed: Feed) -> None:
    """No header gives somebody another address, host, scheme, method or path."""
    feed.board.take(make_view(), RAISED_MS)
    said = {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=127.0.0.1;host=evil.example;proto=https",
        "X-Original-URL": "/healthz",
        "X-Rewrite-URL": "/healthz",
        "X-HTTP-Method-Override": "GET",
    }
    assert 200 == (await client.get("/api/alarms", headers=said)).status
    assert 401 == (await client.get("/api/alarms", headers={**said, "Cookie": ""})).status
    assert 403 == (await client.post(ACTIONS, json={}, headers={**said, CSRF_HEADER: ""})).status
    evil = {**said, "Origin": "https://evil.example"}
    assert 403 == (await client.get("/api/alarms", headers=evil)).status


def test_the_proxy_speaks_new_tls_only_and_says_so_to_browsers() -> None:
    """TLS 1.2 and 1.3, forward secrecy, HSTS, no name of the program, no plain port."""
    path = Path(__file__).parents[4] / "deploy" / "nginx" / "nginx.conf"
    text = path.read_text(encoding="utf-8")
    assert ["TLSv1.2 TLSv1.3"] == re.findall(r"ssl_protocols ([^;]+);", text)
    (ciphers,) = re.findall(r"ssl_ciphers ([^;]+);", text)
    assert all(one.startswith("ECDHE+") for one in ciphers.split(":"))
    assert re.search(r"add_header Strict-Transport-Security \"max-age=\d{8,}\" always;", text)
    assert "server_tokens off;" in text
    assert all(one.endswith(" ssl") for one in re.findall(r"listen ([^;]+);", text))


def test_the_door_welcomes_password_managers() -> None:
    """Both fields say what they are, and nothing stands in the way of pasting."""
    static = resources.files("dispatch.web") / "static"
    door = (static / "door.js").read_text(encoding="utf-8")
    assert {"username", "current-password"} == set(re.findall(r'autocomplete="([\w-]+)"', door))
    assert "paste" not in door
