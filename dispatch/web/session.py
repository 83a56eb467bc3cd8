"""Signing in and out over HTTP, and the door that everything else is behind."""

from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from dispatch.core.accounts import PASSWORD_CHARS_MAX
from dispatch.web.connections import body_of
from dispatch.web.desk import Desk, Signed, SignInRefusal, may_change
from dispatch.web.rows import JSON_TYPE, json_response, refused

DESK = web.AppKey("desk", Desk)
SIGNED = web.RequestKey("signed", Signed)

SESSION_PATH: Final = "/api/session"
_OPEN: Final = frozenset({"/", "/healthz", "/readyz", SESSION_PATH})
"""What needs no session, besides the page's own files. Everything else does."""
PAGES_BEHIND: Final = frozenset({"/supervision", "/history", "/incident"})
"""Pages that a browser goes to: who is signed out is led to the door and not to an error."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

log = structlog.get_logger("dispatch.web")


class Credentials(msgspec.Struct, frozen=True):
    """What somebody signs in with."""

    name: str
    password: str


class Leaving(msgspec.Struct, frozen=True):
    """How far signing out goes."""

    everywhere: bool = False
    """Every session of this person, and not only this browser."""


class Door(msgspec.Struct, frozen=True):
    """Whether somebody is signed in from now on."""

    signed_in: bool


@web.middleware
async def behind_the_door(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only signed-in people through, and changes only from their own page."""
    if request.path in _OPEN or request.path.startswith("/static/"):
        return await handler(request)
    signed = request.app[DESK].signed(request)
    if signed is None:
        if request.path in PAGES_BEHIND:
            raise web.HTTPSeeOther("/")
        raise web.HTTPUnauthorized
    if request.method not in SAFE_METHODS and not may_change(request, signed):
        log.warning("change without its token", name=signed.account.name)
        raise web.HTTPForbidden
    request[SIGNED] = signed
    if request.method not in SAFE_METHODS:
        request.app[DESK].seen(signed.session)
    return await handler(request)


async def get_session(request: web.Request) -> web.Response:
    """Answer with who is signed in, or 401."""
    desk = request.app[DESK]
    signed = desk.signed(request)
    if signed is None:
        raise web.HTTPUnauthorized
    return json_response(desk.me(signed))


async def sign_in(request: web.Request) -> web.Response:
    """Take a name and a password; answer with a cookie that only this browser has."""
    desk = request.app[DESK]
    if request.content_type != JSON_TYPE:
        raise web.HTTPUnsupportedMediaType
    try:
        given = msgspec.json.decode(await body_of(request), type=Credentials)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return refused(400, "bad_sign_in", "stuur naam en wachtwoord", "send name and password")
    if len(given.password) > PASSWORD_CHARS_MAX:
        return _told(SignInRefusal(reason="wrong"))
    token = await desk.sign_in(given.name[:PASSWORD_CHARS_MAX], given.password)
    if isinstance(token, SignInRefusal):
        return _told(token)
    response = json_response(Door(signed_in=True))
    response.set_cookie(
        desk.cookie,
        token,
        max_age=desk.sessions.limits.absolute_ms // 1_000,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=desk.behind_tls,
    )
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End this session, or with `everywhere` every session of this person."""
    desk = request.app[DESK]
    if request.can_read_body and request.content_type != JSON_TYPE:
        raise web.HTTPUnsupportedMediaType
    try:
        leaving = msgspec.json.decode(await body_of(request) or b"{}", type=Leaving)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return refused(400, "invalid_json", "de aanvraag is geen JSON", "the request is no JSON")
    desk.sign_out(request[SIGNED].session, everywhere=leaving.everywhere)
    response = json_response(Door(signed_in=False))
    response.del_cookie(
        desk.cookie, path="/", httponly=True, samesite="Strict", secure=desk.behind_tls
    )
    return response


def _told(refusal: SignInRefusal) -> web.Response:
    seconds = -(-refusal.wait_ms // 1_000)
    if refusal.reason == "locked":
        response = refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "locked",
            f"te veel mislukte pogingen; probeer het over {seconds} s opnieuw",
            f"too many failed attempts; try again in {seconds} s",
        )
        response.headers["Retry-After"] = str(seconds)
        return response
    if refusal.reason == "busy":
        return refused(503, "busy", "even geduld, probeer het zo opnieuw", "busy; try again soon")
    return refused(401, "wrong", "naam of wachtwoord klopt niet", "name or password is wrong")
