"""Put the web application of one console together."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from dispatch.feed import Feed, end_tasks
from dispatch.looks import LookBook
from dispatch.web import history
from dispatch.web.api import FEED, LOOKS, healthz, list_alarms, post_action
from dispatch.web.connections import CONNECTIONS, Connections, tended
from dispatch.web.desk import Desk
from dispatch.web.files import Files
from dispatch.web.guard import (
    BEHIND_TLS,
    BIND_HOST,
    BODY_BYTES_MAX,
    errors_as_json,
    mark_response,
)
from dispatch.web.live import Pages
from dispatch.web.metrics import METRICS, TRAFFIC, Metrics, Traffic, counted, readyz
from dispatch.web.session import (
    DESK,
    SESSION_PATH,
    behind_the_door,
    get_session,
    sign_in,
    sign_out,
)
from dispatch.web.supervision import (
    CSV_PATH,
    PAGE_PATH,
    REPORT_PATH,
    get_csv,
    get_report,
    supervisors_only,
)

PAGES = web.AppKey("pages", Pages)


def make_app(
    feed: Feed, desk: Desk, *, bind_host: str = "127.0.0.1", looks: LookBook | None = None
) -> web.Application:
    """Build the application; the feed runs as long as it does.

    Args:
        feed: What comes from the gateway.
        desk: Where people sign in.
        bind_host: The address that it listens on.
        looks: Where it is written who looked at what; None writes nothing.

    Raises:
        MissingPageError: The installation has no page.
    """
    app = web.Application(
        middlewares=[tended, counted, errors_as_json, behind_the_door],
        client_max_size=BODY_BYTES_MAX,
    )
    pages = Pages(feed, desk, looks)
    files = Files()
    app[TRAFFIC] = Traffic()
    app[METRICS] = Metrics(feed, pages, app[TRAFFIC], looks)
    app[FEED] = feed
    app[PAGES] = pages
    app[BIND_HOST] = bind_host
    app[BEHIND_TLS] = desk.behind_tls
    app[DESK] = desk
    app[LOOKS] = looks
    app[CONNECTIONS] = Connections()
    app.router.add_get("/", files.index)
    app.router.add_get("/static/{path:.+}", files.static)
    app.router.add_get(SESSION_PATH, get_session)
    app.router.add_post(SESSION_PATH, sign_in)
    app.router.add_post(f"{SESSION_PATH}/end", sign_out)
    app.router.add_get("/ws", pages.serve)
    app.router.add_get("/api/alarms", list_alarms)
    app.router.add_post("/api/alarms/{alarm_id}/actions", post_action)
    app.router.add_get(PAGE_PATH, supervisors_only(files.page("supervision.html")))
    app.router.add_get(REPORT_PATH, get_report)
    app.router.add_get(CSV_PATH, get_csv)
    app.router.add_get(history.PAGE_PATH, files.page("history.html"))
    app.router.add_get(history.INCIDENT_PATH, files.page("incident.html"))
    app.router.add_get(history.SEARCH_PATH, history.search)
    app.router.add_get(history.CSV_PATH, history.get_csv)
    app.router.add_get(history.VIEW_PATH, history.get_incident)
    app.router.add_get(history.EARLIER_PATH, history.get_earlier)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.on_response_prepare.append(mark_response)
    app.on_shutdown.append(_send_pages_away)
    app.cleanup_ctx.append(_run_feed)
    return app


async def _send_pages_away(app: web.Application) -> None:
    await app[PAGES].close()


async def _run_feed(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[FEED].run(), name="feed")
    yield
    await end_tasks((task,))
    app[FEED].history.close()
