"""A page's channel: one entry per alarm, today's state, and a tick that never waits long."""

from typing import Any

import msgspec

from alarm_protocol.units import AlarmId
from dispatch.feed import Feed
from dispatch.web.live import ROWS_MAX, Page
from dispatch.web.rows import Changes, Tick, to_json
from tests.unit.dispatch.views import RAISED_MS, make_view


def decoded(message: msgspec.Struct) -> dict[str, Any]:
    """Read a message as the page does."""
    result: dict[str, Any] = msgspec.json.decode(to_json(message))
    return result


def take(feed: Feed, page: Page, alarm_id: str, version: int = 1) -> None:
    """Change an alarm and tell the page."""
    feed.board.take(make_view(alarm_id, version), RAISED_MS)
    page.note(AlarmId(alarm_id))


async def test_many_changes_of_one_alarm_are_one_row(feed: Feed) -> None:
    """A slow page gets the newest state once, however often it changed."""
    page = Page(feed)
    page.first()
    for version in range(1, 500):
        take(feed, page, "a.1", version)
    message = await page.next()
    assert isinstance(message, Changes)
    assert [row.view.version for row in message.alarms] == [499]


async def test_a_large_board_comes_in_bounded_messages(feed: Feed) -> None:
    """The snapshot has the most urgent alarms, the rest follows, and each comes once."""
    page = Page(feed)
    for number in range(1, 2 * ROWS_MAX + 11):
        take(feed, page, f"a.{number}")
    first = decoded(page.first())
    assert (len(first["alarms"]), first["following"]) == (ROWS_MAX, ROWS_MAX + 10)
    rest = [decoded(await page.next())["alarms"] for _ in range(2)]
    assert [len(rows) for rows in rest] == [ROWS_MAX, 10]
    seen = [row["alarm_id"] for rows in (first["alarms"], *rest) for row in rows]
    assert len(set(seen)) == 2 * ROWS_MAX + 10


async def test_an_alarm_that_left_the_console_is_named_as_gone(feed: Feed) -> None:
    """What is held no longer has no row, only its id."""
    page = Page(feed)
    page.first()
    page.note(AlarmId("a.1"))
    assert decoded(await page.next()) == {"type": "changes", "alarms": [], "gone": ["a.1"]}


async def test_a_changed_connection_is_told_at_once(feed: Feed) -> None:
    """It does not wait for the next tick."""
    page = Page(feed)
    page.first()
    page.note(None)
    message = decoded(await page.next())
    assert message["type"] == "tick"
    assert message["connection"]["broker"] == "connecting"


async def test_a_quiet_page_gets_a_tick(feed: Feed) -> None:
    """Within about 2 s, with the server's time in it."""
    page = Page(feed)
    page.first()
    message = await page.next()
    assert isinstance(message, Tick)
    assert message.server_time_ms > 0
