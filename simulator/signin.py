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


class _Account(msgspec.Struct, frozen=True):
    name: str


class _Accounts(msgspec.Struct, frozen=True):
    accounts: tuple[_Account, ...] = ()


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
    """Give these accounts new passwords, which are in no file; supervisors come last.

    Accounts that somebody else made in that file stay as they are.

    Raises:
        StackError: It could not be done.
    """
    make_private_folder(path.parent)
    known = _known(path)
    logins: dict[str, Login] = {}
    for role, wanted in (("operator", names), ("supervisor", supervisors)):
        there = [name for name in wanted if name.casefold() in known]
        added = [name for name in wanted if name.casefold() not in known]
        logins |= await _users("reset", path, there)
        logins |= await add_accounts(path, console, added, role)
    return tuple(logins[name] for name in (*names, *supervisors))


def _known(path: Path) -> frozenset[str]:
    """Return who has an account in a file; names are alike in capitals and small letters."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_Accounts)
    except FileNotFoundError:
        return frozenset()
    except (OSError, msgspec.DecodeError) as error:
        raise StackError(f"accounts in {path} cannot be read ({error}); move it away") from error
    return frozenset(one.name.casefold() for one in file.accounts)


async def add_accounts(
    path: Path, console: str, names: Sequence[str], role: str
) -> dict[str, Login]:
    """Add accounts of one role, and return their logins by name.

    Raises:
        StackError: One of them is there already, or the file cannot be written.
    """
    return await _users("add", path, names, "--console", console, "--role", role)


async def _users(what: str, path: Path, names: Sequence[str], *options: str) -> dict[str, Login]:
    if not names:
        return {}
    command = ["users", what, *names, "--accounts", str(path), *options]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispatch", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    found = _PASSWORD.findall(output.decode())
    if process.returncode != 0 or len(found) != len(names):
        raise StackError(f"no accounts in {path}: {errors.decode().strip()}")
    return {
        name: Login(name=name, password=password)
        for name, password in zip(names, found, strict=True)
    }
