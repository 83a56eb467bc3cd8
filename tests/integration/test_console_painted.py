"""What a page painted, in a real browser: only what is in sight, and told beside everything."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.units import TimestampMs
from tests.helpers.accounts import OPERATOR
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import Gateway, gateway_on, until
from tests.unit.dispatch.views import RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

ALARMS = 40
"""More than fit on the screen; the oldest stand highest."""


def first_sights(gateway: Gateway) -> dict[str, tuple[str, int]]:
    """Return whose screen each alarm was first on, and in which version."""
    found: dict[str, tuple[str, int]] = {}
    for report in gateway.painted:
        for one in report.sightings:
            found.setdefault(one.alarm_id, (report.operator, one.version))
    return found


async def test_only_what_was_in_sight_is_told(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The top of the queue at once, the rest when somebody scrolls to it; and only once."""
    names = [f"aware-{number:06}.1" for number in range(1, ALARMS + 1)]
    async with gateway_on(mosquitto.url) as gateway:
        for number, name in enumerate(names):
            raised_at_ms = TimestampMs(RAISED_MS + number)
            await gateway.view(structs.replace(make_view(name), raised_at_ms=raised_at_ms))
        await page.goto(server.url)
        await expect(page.locator(row(names[-1]))).to_be_attached()
        await until(lambda: names[0] in first_sights(gateway), "the first alarm on the screen")
        assert (OPERATOR, 1) == first_sights(gateway)[names[0]]
        assert names[-1] not in first_sights(gateway)

        await gateway.view(make_view(names[0], 2, status="accepted"))
        await page.locator(row(names[-1])).scroll_into_view_if_needed()
        await until(lambda: names[-1] in first_sights(gateway), "the last alarm on the screen")
        told = [one.alarm_id for report in gateway.painted for one in report.sightings]
        assert len(told) == len(set(told))
