"""The supervisor's page: for accounts with that role, and nothing of it for anybody else."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from alarm_protocol.runtime.clock import now_ms
from dispatch.core.overview import Report, report_of, table_of
from dispatch.web.api import FEED, LOOKS
from dispatch.web.rows import json_response, refused
from dispatch.web.session import SIGNED
from dispatch.web.tables import download, iso_utc, language_of, no_language

REPORT_PATH: Final = "/api/supervision"
CSV_PATH: Final = "/api/supervision.csv"
PAGE_PATH: Final = "/supervision"

log = structlog.get_logger("dispatch.web")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def supervisors_only(handler: Handler) -> Handler:
    """Refuse everybody whose role is another, in one line and before anything is read."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request[SIGNED].account.role == "supervisor":
            return await handler(request)
        log.warning("not for this role", name=request[SIGNED].account.name)
        return refused(
            403,
            "not_supervisor",
            "dit is voor accounts met de rol supervisor",
            "this is for accounts with the role supervisor",
        )

    return guarded


async def _report(request: web.Request) -> Report:
    report = _made(request)
    looks = request.app[LOOKS]
    if looks is not None:
        alarms = [one.alarm_id for one in report.escalations]
        await looks.before(request[SIGNED].session, alarms, "listed")
    return report


def _made(request: web.Request) -> Report:
    feed = request.app[FEED]
    connection = feed.connection()
    return report_of(
        feed.console,
        feed.board.queue(),
        feed.overview,
        now_ms=now_ms(),
        gateway=connection.gateway,
        broker=connection.broker,
    )


@supervisors_only
async def get_report(request: web.Request) -> web.StreamResponse:
    """Answer with the whole report, as it is now."""
    return json_response(await _report(request))


@supervisors_only
async def get_csv(request: web.Request) -> web.StreamResponse:
    """Answer with the report as a file for a spreadsheet."""
    language = language_of(request)
    if language is None:
        return no_language()
    report = await _report(request)
    rows = table_of(report, language, iso_utc)
    return download(f"supervision-{report.console}", report.server_time_ms, rows)
