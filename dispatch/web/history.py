"""Closed alarms: searching them, and one of them whole, for a page that can be printed."""

from datetime import date, timedelta
from typing import Final

from aiohttp import web
from msgspec import Struct

from alarm_protocol.dutch_time import midnight_ms
from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId
from dispatch.core.history import TABLE_ROWS_MAX, BadQuery, Query, check_query, table_of
from dispatch.core.looks import What
from dispatch.web.api import FEED, LOOKS
from dispatch.web.rows import json_response, refused
from dispatch.web.session import SIGNED
from dispatch.web.tables import download, iso_utc, language_of, no_language

PAGE_PATH: Final = "/history"
INCIDENT_PATH: Final = "/incident"
SEARCH_PATH: Final = "/api/history"
CSV_PATH: Final = "/api/history.csv"
VIEW_PATH: Final = "/api/incidents/{alarm_id}"
EARLIER_PATH: Final = "/api/alarms/{alarm_id}/earlier"
DIGITS_MAX: Final = 15
"""Of a number in an address: a time in milliseconds, far into the future."""


class Incident(Struct, frozen=True, kw_only=True):
    """One alarm as it was known last; `closed` says whether it is from the history."""

    closed: bool
    view: AlarmView


def query_of(request: web.Request) -> Query | BadQuery:
    """Read a query from an address; what is left empty is not asked for."""
    asked = {name: value.strip() for name, value in request.query.items() if value.strip()}
    if len(set(request.query)) < len(request.query):
        return BadQuery(nl="elke vraag mag maar een keer", en="each question may be asked once")
    try:
        first = _day(asked["from"]) if "from" in asked else None
        last = _day(asked["to"]) if "to" in asked else None
        query = Query(
            from_ms=None if first is None else midnight_ms(first),
            to_ms=None if last is None else midnight_ms(last + timedelta(days=1)),
            municipality=asked.get("municipality"),
            disposition=asked.get("disposition"),
            device=asked.get("device"),
            page=_number(asked.get("page", "1")),
        )
    except (ValueError, OverflowError):
        return BadQuery(
            nl="'from' en 'to' zijn dagen zoals 2026-11-24, 'page' is een getal",
            en="'from' and 'to' are days such as 2026-11-24, 'page' is a number",
        )
    return check_query(query) or query


def _day(text: str) -> date:
    """Read a day; of the forms that ISO 8601 has, one is enough."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(text)
    return day


def _number(text: str) -> int:
    """Read a whole number in plain digits, and not all else that `int` takes."""
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        raise ValueError(text)
    return int(text)


async def search(request: web.Request) -> web.Response:
    """Answer with one page of the closed alarms that fit."""
    query = query_of(request)
    if isinstance(query, BadQuery):
        return refused(400, "bad_query", query.nl, query.en)
    found = await request.app[FEED].history.search(query)
    if not await _look(request, [one.alarm_id for one in found.rows], "listed"):
        return _unwritten()
    return json_response(found)


async def get_csv(request: web.Request) -> web.Response:
    """Answer with all closed alarms that fit, as a file for a spreadsheet."""
    query, language = query_of(request), language_of(request)
    if isinstance(query, BadQuery):
        return refused(400, "bad_query", query.nl, query.en)
    if language is None:
        return no_language()
    feed = request.app[FEED]
    rows = await feed.history.table(query)
    if len(rows) > TABLE_ROWS_MAX:
        return refused(
            400,
            "too_many",
            f"dit zijn meer dan {TABLE_ROWS_MAX} meldingen; kies een kortere tijd",
            f"these are more than {TABLE_ROWS_MAX} alarms; choose a shorter time",
        )
    if not await _look(request, [one.alarm_id for one in rows], "listed"):
        return _unwritten()
    return download(f"history-{feed.console}", now_ms(), table_of(rows, language, iso_utc))


async def get_earlier(request: web.Request) -> web.Response:
    """Answer with the earlier alarms of the home of an alarm that is on the board."""
    feed = request.app[FEED]
    held = feed.board.get(AlarmId(request.match_info["alarm_id"]))
    if held is None:
        raise web.HTTPNotFound
    earlier = await feed.history.earlier_than(held.view)
    await _look(request, [one.alarm_id for one in earlier.rows], "listed")
    return json_response(earlier)


async def _look(request: web.Request, alarms: list[AlarmId], what: What) -> bool:
    """Write down who looks at which alarms, before they see any; return whether it is on disk."""
    looks = request.app[LOOKS]
    return looks is None or await looks.before(request[SIGNED].session, alarms, what)


def _unwritten() -> web.Response:
    """Keep what is closed while nobody could tell who saw it: no life depends on it."""
    return refused(
        503,
        "look_not_written",
        "wie wat bekijkt kan nu niet worden vastgelegd; wat afgesloten is blijft zo lang dicht",
        "who looks at what cannot be written down now; what is closed stays closed meanwhile",
    )


async def get_incident(request: web.Request) -> web.Response:
    """Answer with one alarm whole: as it is on the board, or as it was closed."""
    alarm_id = AlarmId(request.match_info["alarm_id"])
    given = request.query.get("raised_at_ms", "").strip()
    try:
        raised_at_ms = _number(given) if given else None
    except ValueError:
        return refused(
            400,
            "bad_query",
            "'raised_at_ms' is een tijd in milliseconden",
            "'raised_at_ms' is a time in milliseconds",
        )
    feed = request.app[FEED]
    held = feed.board.get(alarm_id)
    if held is not None and raised_at_ms in {None, held.view.raised_at_ms}:
        await _look(request, [alarm_id], "opened")
        return _file(Incident(closed=held.place == "closed", view=held.view))
    view = await feed.history.view_of(alarm_id, raised_at_ms)
    if view is None:
        raise web.HTTPNotFound
    if not await _look(request, [alarm_id], "opened"):
        return _unwritten()
    return _file(Incident(closed=True, view=view))


def _file(incident: Incident) -> web.Response:
    """Answer with an alarm, named for whoever keeps it as a file."""
    response = json_response(incident)
    name = f"{incident.view.alarm_id}-{incident.view.console}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
