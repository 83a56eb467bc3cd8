"""Where operators sign in and out: passwords, cookies, and what a request may do."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import web
from msgspec import Struct

from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import ConsoleId
from dispatch.accounts import AccountBook, SessionFile, opens
from dispatch.core.access import Kind
from dispatch.core.accounts import Account, Role, allowed_kinds, key_of
from dispatch.core.lockout import Lockout
from dispatch.core.sessions import Session, SessionLimits, Sessions

CSRF_HEADER: Final = "X-CSRF-Token"
TOKEN_BYTES: Final = 32
SEEN_KEPT_EVERY_MS: Final = 60_000
VERIFY_AT_ONCE: Final = 2
"""Passwords are slow to verify on purpose; more at once would hold up everything else."""
VERIFY_WAITING_MAX: Final = 32

log = structlog.get_logger("dispatch.desk")


class Signed(Struct, frozen=True, kw_only=True):
    """The person behind a request."""

    session: Session
    account: Account
    csrf: str
    kinds: tuple[Kind, ...]


class Me(Struct, frozen=True, kw_only=True):
    """What a page may know of who is signed in. `csrf` belongs into every change."""

    console: ConsoleId
    name: str
    role: Role
    csrf: str
    ends_at_ms: int


class SignInRefusal(Struct, frozen=True, kw_only=True):
    """Why nobody was signed in; `wait_ms` where the name has to wait."""

    reason: str
    wait_ms: int = 0


class Desk:
    """Signs people in and out of one console, and knows them again."""

    def __init__(
        self,
        book: AccountBook,
        *,
        kept: SessionFile | None = None,
        limits: SessionLimits | None = None,
        behind_tls: bool = False,
    ) -> None:
        self.console = book.console
        self.behind_tls = behind_tls
        self.sessions = Sessions(limits or SessionLimits(), kept.load() if kept else ())
        self._book = book
        self._kept = kept
        self._lockout = Lockout()
        self._verifying = asyncio.Semaphore(VERIFY_AT_ONCE)
        self._waiting = 0
        self._leave: list[Callable[[str], None]] = []

    @property
    def cookie(self) -> str:
        """Name of the cookie."""
        return cookie_name(self.console, behind_tls=self.behind_tls)

    def on_end(self, listener: Callable[[str], None]) -> None:
        """Tell `listener` the key of every session that somebody ended."""
        self._leave.append(listener)

    async def sign_in(self, name: str, password: str) -> str | SignInRefusal:
        """Return the secret for a new session's cookie, or why there is none."""
        key = key_of(name)
        wait_ms = self._lockout.wait_ms(key, now_ms())
        if wait_ms:
            return SignInRefusal(reason="locked", wait_ms=wait_ms)
        if self._waiting >= VERIFY_WAITING_MAX:
            return SignInRefusal(reason="busy")
        account = self._book.find(name)
        # Counted before the slow part, so that many tries at once are many tries.
        self._lockout.failed(key, now_ms())
        self._waiting += 1
        try:
            async with self._verifying:
                right = await asyncio.to_thread(opens, account, password)
        finally:
            self._waiting -= 1
        if account is None or not right:
            log.warning(
                "sign-in refused",
                console=self.console,
                known=account is not None,
                wait_ms=self._lockout.wait_ms(key, now_ms()),
            )
            return SignInRefusal(reason="wrong")
        self._lockout.succeeded(key)
        return self.begin(account)

    def begin(self, account: Account) -> str:
        """Begin a session; return the secret that only the browser keeps."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        at_ms = now_ms()
        session = Session(
            key=_key_of(token),
            name=account.name,
            credential_id=account.credential_id,
            started_at_ms=at_ms,
            seen_at_ms=at_ms,
        )
        self.sessions.begin(session)
        self._keep()
        log.info("signed in", console=self.console, name=account.name, role=account.role)
        return token

    def signed(self, request: web.Request) -> Signed | None:
        """Find the person behind a request by its cookie."""
        token = request.cookies.get(self.cookie, "")
        account_of = self.holds(_key_of(token)) if token else None
        if account_of is None:
            return None
        session, account = account_of
        return Signed(
            session=session,
            account=account,
            csrf=_csrf_of(token),
            kinds=allowed_kinds(self.console, account.role),
        )

    def holds(self, key: str) -> tuple[Session, Account] | None:
        """Return a session that holds now, with its account as it is now."""
        session = self.sessions.find(key, now_ms())
        account = self._book.find(session.name) if session else None
        if session is None or account is None or account.disabled:
            return None
        if account.credential_id != session.credential_id:
            return None
        return session, account

    def me(self, signed: Signed) -> Me:
        """Shape a person for the page."""
        return Me(
            console=self.console,
            name=signed.account.name,
            role=signed.account.role,
            csrf=signed.csrf,
            ends_at_ms=self.sessions.ends_at_ms(signed.session),
        )

    def seen(self, session: Session) -> None:
        """Note that the person did something."""
        at_ms = now_ms()
        self.sessions.touch(session.key, at_ms)
        if at_ms - session.seen_at_ms >= SEEN_KEPT_EVERY_MS:
            self._keep()

    def sign_out(self, session: Session, *, everywhere: bool) -> None:
        """End this session, or all of this person."""
        keys = self.sessions.end_all(session.name) if everywhere else (session.key,)
        self.sessions.end(session.key)
        self._keep()
        log.info("signed out", console=self.console, name=session.name, sessions=len(keys))
        for listener in self._leave:
            for key in keys:
                listener(key)

    def _keep(self) -> None:
        if self._kept is not None:
            self._kept.save(self.sessions.all())


def cookie_name(console: ConsoleId, *, behind_tls: bool) -> str:
    """Name a console's cookie. Cookies know no ports, so each console has a name of its own."""
    name = f"dispatch-{console}"
    return f"__Host-{name}" if behind_tls else name


def may_change(request: web.Request, signed: Signed) -> bool:
    """Whether a change comes from the page of this very session."""
    given = request.headers.get(CSRF_HEADER, "")
    return hmac.compare_digest(given.encode(), signed.csrf.encode())


def _key_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _csrf_of(token: str) -> str:
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()
