"""The shapes that the page and other readers of the web interface get, as JSON."""

from typing import Literal

import msgspec
from aiohttp import web
from msgspec import Struct

from alarm_protocol.guidance import Card, cards_of
from alarm_protocol.guidance import Guidance as Shipped
from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId, ConsoleId
from dispatch.core.access import Kind
from dispatch.core.board import Held, Place
from dispatch.core.connection import Connection
from dispatch.feed import Feed

_encoder = msgspec.json.Encoder()

JSON_TYPE = "application/json"


class Row(Struct, frozen=True, kw_only=True):
    """One alarm as a page gets it: the view, and how this console stands to it."""

    alarm_id: AlarmId
    place: Place
    verified: bool
    withdrawn: bool
    received_at_ms: int
    view: AlarmView


class Guidance(Struct, frozen=True, kw_only=True):
    """This console's guidance card in both languages; `example` where it is the shipped one."""

    nl: Card
    en: Card
    example: bool


class Snapshot(Struct, frozen=True, kw_only=True, tag="snapshot", tag_field="type"):
    """The whole state. `following` alarms come right after it as changes."""

    console: ConsoleId
    kinds: tuple[Kind, ...]
    """What the person at this page may do."""
    server_time_ms: int
    connection: Connection
    guidance: Guidance
    alarms: list[Row]
    closed: list[Row]
    following: int = 0


class Changes(Struct, frozen=True, kw_only=True, tag="changes", tag_field="type"):
    """Alarms as they are now, and those that are no longer on this console."""

    alarms: list[Row]
    gone: list[AlarmId]


class Tick(Struct, frozen=True, kw_only=True, tag="tick", tag_field="type"):
    """The server lives: its time, and its connection to the broker and the gateway."""

    server_time_ms: int
    connection: Connection


class Done(Struct, frozen=True, kw_only=True):
    """The gateway did what was asked; `alarm` is today's state."""

    outcome: Literal["done"] = "done"
    action_id: str
    alarm: Row | None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Any answer other than success. `message` is one line in Dutch, `message_en` in English."""

    error: str
    message: str
    message_en: str
    action_id: str | None = None
    acted_by: str | None = None
    alarm: Row | None = None


def row_of(held: Held) -> Row:
    """Shape one held alarm."""
    return Row(
        alarm_id=held.view.alarm_id,
        place=held.place,
        verified=held.verified,
        withdrawn=held.withdrawn,
        received_at_ms=held.received_at_ms,
        view=held.view,
    )


def find_row(feed: Feed, alarm_id: AlarmId) -> Row | None:
    """Shape one alarm of the board, if it is there."""
    held = feed.board.get(alarm_id)
    return None if held is None else row_of(held)


def snapshot_of(feed: Feed, kinds: tuple[Kind, ...], *, alarms_max: int | None = None) -> Snapshot:
    """Shape the whole board, or its most urgent `alarms_max`."""
    queue = feed.board.queue()
    nl, en = feed.cards
    example = feed.cards == cards_of(Shipped(), feed.console)
    return Snapshot(
        console=feed.console,
        kinds=kinds,
        server_time_ms=now_ms(),
        connection=feed.connection(),
        guidance=Guidance(nl=nl, en=en, example=example),
        alarms=[row_of(held) for held in queue[:alarms_max]],
        closed=[row_of(held) for held in feed.board.recently_closed()],
        following=0 if alarms_max is None else max(len(queue) - alarms_max, 0),
    )


def named_in(message: Struct) -> list[AlarmId]:
    """Return whose alarms are in a message of this file."""
    match message:
        case Snapshot():
            return [row.alarm_id for row in (*message.alarms, *message.closed)]
        case Changes():
            return [row.alarm_id for row in message.alarms]
        case _:
            return []


def to_json(message: Struct) -> bytes:
    """Write a message of this file."""
    return _encoder.encode(message)


def json_response(message: Struct, *, status: int = 200) -> web.Response:
    """Answer with a message of this file."""
    return web.Response(body=_encoder.encode(message), status=status, content_type=JSON_TYPE)


def refused(status: int, error: str, nl: str, en: str) -> web.Response:
    """Answer with one line in each language that says why not."""
    return json_response(Problem(error=error, message=nl, message_en=en), status=status)
