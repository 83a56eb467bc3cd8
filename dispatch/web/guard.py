"""What holds for every request: where it may come from, and how answers are marked."""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from dispatch.web.rows import JSON_TYPE, Problem, json_response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
"""Nothing from elsewhere, nothing inline. `lit-html` is the one maker of HTML from strings, and
only of the constant parts of this project's own templates."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
BODY_BYTES_MAX = 16_384

BIND_HOST = web.AppKey("bind_host", str)
BEHIND_TLS = web.AppKey("behind_tls", bool)

log = structlog.get_logger("dispatch.web")

_SAYINGS: dict[int, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("deze aanvraag kan hier niet", "this request cannot be used here"),
    HTTPStatus.FORBIDDEN: (
        "deze aanvraag komt niet van de pagina van deze console",
        "this request does not come from this console's page",
    ),
    HTTPStatus.UNAUTHORIZED: ("meld u eerst aan", "sign in first"),
    HTTPStatus.NOT_FOUND: ("hier is niets", "there is nothing here"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "deze methode kan hier niet",
        "this method is not possible here",
    ),
    HTTPStatus.REQUEST_TIMEOUT: (
        "de aanvraag kwam niet op tijd binnen",
        "the request did not come in time",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        f"de aanvraag is te groot, hoogstens {BODY_BYTES_MAX} bytes",
        f"the request is too large, at most {BODY_BYTES_MAX} bytes",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        f"stuur de aanvraag als Content-Type: {JSON_TYPE}",
        f"send the request as Content-Type: {JSON_TYPE}",
    ),
}


async def mark_response(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on every answer, the WebSocket's and the static files' too."""
    response.headers.pop("Server", None)  # which program in which version is nobody's business
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.content_type == JSON_TYPE and request.path.startswith("/api/"):
        # Whoever opens it by its address gets a file, and never something like a page. Whoever
        # mistypes the address of a page reads why there is none.
        response.headers.setdefault("Content-Disposition", 'attachment; filename="answer.json"')


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def comes_from_here(request: web.Request) -> bool:
    """Whether a request may come in, by its Host and its Origin.

    A change and a WebSocket need the Origin of this very site; what only reads may lack one.

    A console bound to the loopback answers to loopback names only: otherwise a page from
    elsewhere could have its own name resolve to this machine and look like this site.
    """
    try:
        here = urlsplit(f"//{request.host}")
        if _is_loopback(request.app[BIND_HOST]) and not _is_loopback(here.hostname or ""):
            return False
        origin = request.headers.get("Origin")
        if origin is None:
            upgrade = "upgrade" in request.headers.get("Connection", "").lower()
            return request.method in ("GET", "HEAD") and not upgrade
        there = urlsplit(origin)
    except ValueError:
        return False
    scheme = "https" if request.app[BEHIND_TLS] else "http"
    return there.scheme == scheme and there.netloc == request.host


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers, and turn every failure into JSON with one clear line."""
    try:
        if not comes_from_here(request):
            raise web.HTTPForbidden  # noqa: TRY301 - one place shapes all failures
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _problem(error.status, error.reason, allow=error.headers.get("Allow"))
    except Exception:
        log.exception("fault in a request", method=request.method, path=request.path)
        return _problem(500, "Internal Server Error")


def _problem(status: int, reason: str, *, allow: str | None = None) -> web.Response:
    nl, en = _SAYINGS.get(status, ("er ging iets mis in de console", reason))
    name = HTTPStatus(status).phrase.lower().replace(" ", "_")
    response = json_response(Problem(error=name, message=nl, message_en=en), status=status)
    if allow is not None:
        response.headers["Allow"] = allow
    return response
