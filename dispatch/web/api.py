"""The JSON interface: the alarms, and what operators do with them."""

import msgspec
import structlog
from aiohttp import web

from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId
from dispatch.core.answers import Answer
from dispatch.core.board import Held
from dispatch.core.requests import KEY_HEADER, BadRequest, Stamp, build_action, name_action
from dispatch.core.words import told_refusal
from dispatch.feed import ANSWER_WITHIN_S, Feed, new_action_id
from dispatch.looks import LookBook
from dispatch.web.connections import body_of
from dispatch.web.rows import (
    JSON_TYPE,
    Done,
    Problem,
    find_row,
    json_response,
    named_in,
    refused,
    snapshot_of,
)
from dispatch.web.session import SIGNED

FEED = web.AppKey("feed", Feed)
LOOKS: web.AppKey[LookBook | None] = web.AppKey("looks")

log = structlog.get_logger("dispatch.web")

_PROBLEMS: dict[str, tuple[int, str, str]] = {
    "not_connected": (
        503,
        "geen verbinding met de broker; de actie is niet verstuurd",
        "not connected to the broker; the action was not sent",
    ),
    "busy": (
        503,
        "er wachten te veel acties op antwoord; de actie is niet verstuurd",
        "too many actions wait for an answer; the action was not sent",
    ),
    "unknown": (
        504,
        f"geen antwoord van de gateway ({ANSWER_WITHIN_S:.0f} s); niet bekend of het gedaan is",
        f"no answer from the gateway ({ANSWER_WITHIN_S:.0f} s); not known whether it was done",
    ),
    "gone": (
        404,
        "de gateway heeft deze melding niet (meer)",
        "the gateway does not have this alarm (any more)",
    ),
}
"""Per outcome that is neither done nor refused: status, Dutch, English."""


async def list_alarms(request: web.Request) -> web.Response:
    """Answer with the whole board, as a page's snapshot has it."""
    snapshot = snapshot_of(request.app[FEED], request[SIGNED].kinds)
    looks = request.app[LOOKS]
    if looks is not None:
        await looks.before(request[SIGNED].session, named_in(snapshot), "listed")
    return json_response(snapshot)


async def post_action(request: web.Request) -> web.Response:
    """Send one operator's action and answer with what the gateway made of it."""
    if request.content_type != JSON_TYPE:
        # Another site's form can post, but not with this type unless it may ask first.
        raise web.HTTPUnsupportedMediaType
    feed = request.app[FEED]
    alarm_id = AlarmId(request.match_info["alarm_id"])
    held = feed.board.get(alarm_id)
    if held is None:
        return refused(
            404,
            "unknown_alarm",
            f"melding {alarm_id[:100]!r} is op deze console niet bekend",
            f"alarm {alarm_id[:100]!r} is not known on this console",
        )
    try:
        body = msgspec.json.decode(await body_of(request))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        return refused(
            400, "invalid_json", f"de aanvraag is geen JSON: {error}", f"not JSON: {error}"
        )
    signed = request[SIGNED]
    key = request.headers.get(KEY_HEADER)
    named = new_action_id() if key is None else name_action(signed.account.name, alarm_id, key)
    if isinstance(named, BadRequest):
        return refused(400, named.reason, named.nl, named.en)
    stamp = Stamp(
        action_id=named,
        at_ms=now_ms(),
        version=held.view.version,
        operator=signed.account.name,
        kinds=signed.kinds,
    )
    action = build_action(feed.console, alarm_id, body, stamp)
    if isinstance(action, BadRequest):
        status = 403 if action.reason == "read_only" else 400
        log.info(
            "action not taken",
            console=feed.console,
            alarm_id=alarm_id,
            operator=stamp.operator,
            reason=action.reason,
        )
        return refused(status, action.reason, action.nl, action.en)
    looks = request.app[LOOKS]
    if looks is not None:
        await looks.before(signed.session, [alarm_id], "acted")
    answer = await feed.act(action)
    log.info(
        "action",
        console=feed.console,
        alarm_id=alarm_id,
        operator=action.operator,
        kind=type(action).__name__,
        action_id=action.action_id,
        outcome=answer.outcome,
        duration_ms=now_ms() - stamp.at_ms,
    )
    return _answer_of(feed, held, answer)


def _answer_of(feed: Feed, held: Held, answer: Answer) -> web.Response:
    """Shape the end of an action, with the alarm as it is now."""
    row = find_row(feed, held.view.alarm_id)
    if answer.outcome == "done":
        return json_response(Done(action_id=answer.action_id, alarm=row))
    if answer.outcome == "refused":
        nl, en = told_refusal(row.view.status if row else held.view.status, answer.acted_by)
        refusal = Problem(
            error="refused",
            message=nl,
            message_en=en,
            action_id=answer.action_id,
            acted_by=answer.acted_by,
            alarm=row,
        )
        return json_response(refusal, status=409)
    status, nl, en = _PROBLEMS[answer.outcome]
    problem = Problem(
        error=answer.outcome, message=nl, message_en=en, action_id=answer.action_id, alarm=row
    )
    return json_response(problem, status=status)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the process does; `degraded` while it hears no broker or no gateway.

    Anybody may ask, so it says nothing of alarms, not even how many there are.
    """

    status: str
    console: str
    broker: str
    gateway: str
    unverified: int
    turned_away: int
    malformed: int
    refused: int


async def healthz(request: web.Request) -> web.Response:
    """Answer 200 as long as the process serves, and say what it lacks."""
    feed = request.app[FEED]
    connection = feed.connection()
    well = connection.broker == "connected" and connection.gateway == "up"
    return json_response(
        Health(
            status="ok" if well else "degraded",
            console=feed.console,
            broker=connection.broker,
            gateway=connection.gateway,
            unverified=connection.unverified,
            turned_away=connection.turned_away,
            malformed=connection.malformed,
            refused=connection.refused,
        )
    )
