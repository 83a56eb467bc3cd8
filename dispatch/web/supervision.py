"""The supervisor's page: for accounts with that role, and nothing of it for anybody else."""

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from aiohttp import web

from alarm_protocol.runtime.clock import now_ms
from dispatch.core.overview import Language, Report, report_of, table_of
from dispatch.web.api import FEED, LOOKS
from dispatch.web.rows import json_response, refused
from dispatch.web.session import SIGNED

REPORT_PATH: Final = "/api/supervision"
CSV_PATH: Final = "/api/supervision.csv"
PAGE_PATH: Final = "/supervision"
_LANGUAGES: Final[dict[str, Language]] = {"nl": "nl", "en": "en"}

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


def iso_utc(at_ms: int) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Write rows as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


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
    language = _LANGUAGES.get(request.query.get("language", "nl"))
    if language is None:
        return refused(
            400,
            "bad_query",
            "'language' moet nl of en zijn",
            "'language' must be nl or en",
        )
    report = await _report(request)
    rows = table_of(report, language, iso_utc)
    name = f"supervision-{report.console}-{iso_utc(report.server_time_ms).replace(':', '')}.csv"
    return web.Response(
        text=csv_text(rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
