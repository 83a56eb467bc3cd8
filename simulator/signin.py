"""Accounts for the simulated operators, and signing in at a console as its page does."""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from alarm_protocol.runtime.private_files import make_private_folder
from simulator.core.errors import ConsoleError, StackError

SESSION_PATH = "/api/session"
CSRF_HEADER = "X-CSRF-Token"
_PASSWORD = re.compile(r"^account .* password (\S+)$", re.MULTILINE)


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


async def cookie_of(url: str, login: Login, *, timeout_s: float) -> str:
    """Sign in once; return the Cookie header for clients that stand for many pages.

    Raises:
        ConsoleError: The console does not let this login in.
    """
    async with open_session(url, timeout_s=timeout_s) as http:
        try:
            await sign_in(http, login)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ConsoleError(f"no sign-in at {url}: {error}") from None
        return "; ".join(f"{one.key}={one.value}" for one in http.cookie_jar)


async def make_accounts(
    path: Path, console: str, names: Sequence[str], supervisors: Sequence[str] = ()
) -> tuple[Login, ...]:
    """Make a console's file of accounts anew, supervisors last; the passwords are in no file.

    Raises:
        StackError: It could not be made.
    """
    make_private_folder(path.parent)
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything runs
    logins = await _add(path, console, names, "operator")
    if supervisors:
        logins += await _add(path, console, supervisors, "supervisor")
    return logins


async def _add(path: Path, console: str, names: Sequence[str], role: str) -> tuple[Login, ...]:
    command = ["users", "add", *names, "--accounts", str(path), "--console", console]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispatch", *command, "--role", role),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    found = _PASSWORD.findall(output.decode())
    if process.returncode != 0 or len(found) != len(names):
        raise StackError(f"no accounts for console {console}: {errors.decode().strip()}")
    return tuple(
        Login(name=name, password=password) for name, password in zip(names, found, strict=True)
    )
