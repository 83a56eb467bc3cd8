"""Signing in at a console, as its page does."""

from dataclasses import dataclass, field

import aiohttp
import msgspec

SESSION_PATH = "/api/session"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A name and its password at one console."""

    name: str
    password: str = field(repr=False)


class _Me(msgspec.Struct, frozen=True):
    csrf: str


def open_session(url: str, *, timeout_s: float) -> aiohttp.ClientSession:
    """Make an HTTP session that keeps a console's cookie, also where it is named by a number."""
    return aiohttp.ClientSession(
        url,
        headers={"Origin": url.rstrip("/")},
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    )


async def sign_in(http: aiohttp.ClientSession, login: Login) -> None:
    """Sign in; from then on every request of this HTTP session is that person's.

    Raises:
        aiohttp.ClientError: The console is out of reach, or does not know this login.
    """
    credentials = {"name": login.name, "password": login.password}
    async with http.post(SESSION_PATH, json=credentials) as response:
        response.raise_for_status()
    async with http.get(SESSION_PATH) as response:
        response.raise_for_status()
        me = msgspec.json.decode(await response.read(), type=_Me)
    http.headers[CSRF_HEADER] = me.csrf
