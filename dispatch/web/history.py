"""Closed alarms: searching them, and one of them whole, for a page that can be printed."""

from datetime import date, timedelta
from typing import Final

from aiohttp import web
from msgspec import Struct

from alarm_protocol.dutch_time import midnight_ms
from alarm_protocol.messages import AlarmView
from alarm_protocol.units import AlarmId
from dispatch.core.history import BadQuery, Query, check_query
from dispatch.core.looks import What
from dispatch.web.api import FEED, LOOKS
from dispatch.web.rows import Problem, json_response
from dispatch.web.session import SIGNED

PAGE_PATH: Final = "/history"
INCIDENT_PATH: Final = "/incident"
SEARCH_PATH: Final = "/api/history"
VIEW_PATH: Final = "/api/incidents/{alarm_id}"
EARLIER_PATH: Final = "/api/alarms/{alarm_id}/earlier"


class Incident(Struct, frozen=True, kw_only=True):
    """One alarm as it was known last; `closed` says whether it is from the history."""

    closed: bool
    view: AlarmView


def query_of(request: web.Request) -> Query | BadQuery:
    """Read a query from an address; what is left empty is not asked for."""
    asked = {name: value.strip() for name, value in request.query.items() if value.strip()}
    try:
        first = date.fromisoformat(asked["from"]) if "from" in asked else None
        last = date.fromisoformat(asked["to"]) if "to" in asked else None
        page = int(asked.get("page", "1"))
        query = Query(
            from_ms=None if first is None else midnight_ms(first),
            to_ms=None if last is None else midnight_ms(last + timedelta(days=1)),
            municipality=asked.get("municipality"),
            disposition=asked.get("disposition"),
            device=asked.get("device"),
            page=page,
        )
    except (ValueError, OverflowError):
        return BadQuery(
            nl="'from' en 'to' zijn dagen zoals 2026-11-24, 'page' is een getal",
            en="'from' and 'to' are days such as 2026-11-24, 'page' is a number",
        )
    return check_query(query) or query


async def search(request: web.Request) -> web.Response:
    """Answer with one page of the closed alarms that fit."""
    query = query_of(request)
    if isinstance(query, BadQuery):
        problem = Problem(error="bad_query", message=query.nl, message_en=query.en)
        return json_response(problem, status=400)
    found = await request.app[FEED].history.search(query)
    await _look(request, [one.alarm_id for one in found.rows], "listed")
    return json_response(found)


async def get_earlier(request: web.Request) -> web.Response:
    """Answer with the earlier alarms of the home of an alarm that is on the board."""
    feed = request.app[FEED]
    held = feed.board.get(AlarmId(request.match_info["alarm_id"]))
    if held is None:
        raise web.HTTPNotFound
    earlier = await feed.history.earlier_than(held.view)
    await _look(request, [one.alarm_id for one in earlier.rows], "listed")
    return json_response(earlier)


async def _look(request: web.Request, alarms: list[AlarmId], what: What) -> None:
    """Write down who looks at which alarms, before they see any."""
    looks = request.app[LOOKS]
    if looks is not None:
        await looks.before(request[SIGNED].session, alarms, what)


async def get_incident(request: web.Request) -> web.Response:
    """Answer with one alarm whole: as it is on the board, or as it was closed."""
    alarm_id = AlarmId(request.match_info["alarm_id"])
    given = request.query.get("raised_at_ms", "")
    raised_at_ms = int(given) if given.isascii() and given.isdigit() and len(given) <= 15 else None  # noqa: PLR2004 - digits of a time
    feed = request.app[FEED]
    held = feed.board.get(alarm_id)
    if held is not None and raised_at_ms in {None, held.view.raised_at_ms}:
        await _look(request, [alarm_id], "shown")
        return json_response(Incident(closed=held.place == "closed", view=held.view))
    view = await feed.history.view_of(alarm_id, raised_at_ms)
    if view is None:
        raise web.HTTPNotFound
    await _look(request, [alarm_id], "shown")
    return json_response(Incident(closed=True, view=view))
