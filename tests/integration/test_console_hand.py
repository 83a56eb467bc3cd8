"""What a hand does on the page: double-clicks, a resting pointer, and what the eye then sees."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Locator, Page, expect

from alarm_protocol.messages import AlarmView, OwnTrack
from tests.integration.console_browser import Server, accepting, row
from tests.integration.console_wire import Gateway, answered, gateway_on
from tests.unit.dispatch.views import RAISED_MS, make_press, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

FIRST, SECOND, THIRD = (f"aware-00000{number}.1" for number in (1, 2, 3))


async def opened(page: Page, server: Server, gateway: Gateway, *views: AlarmView) -> None:
    """Open the page as an operator, with these alarms on it."""
    for view in views:
        await gateway.view(view)
    await page.goto(server.url)
    for view in views:
        await expect(page.locator(row(view.alarm_id))).to_be_visible()


def accept_button(page: Page, alarm_id: str) -> Locator:
    """Find the queue's button of an alarm."""
    return page.locator(f"section.open {row(alarm_id)} button[data-action=accept]")


async def test_a_double_click_accepts_one_alarm(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """However fast the first row leaves, the second press of one hand does nothing."""
    views = [make_view(FIRST), make_view(SECOND)]
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = accepting(*views)
        await opened(page, server, gateway, *views)
        box = await accept_button(page, FIRST).bounding_box()
        assert box is not None
        # The first press is answered, and its row has left, before the second one comes.
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await page.mouse.click(*middle)
        await expect(page.locator(f"section.progress {row(FIRST)}")).to_be_visible()
        await (
            page.locator(f"section.open {row(SECOND)}")
            .get_by_role("button")
            .dispatch_event("click", {"detail": 2})
        )
        await page.mouse.click(*middle, click_count=2)
        await expect(page.locator(f"section.open {row(SECOND)}")).to_be_visible()
        await gateway.status()
        assert [FIRST] == [action.alarm_id for action in gateway.actions]


async def test_nothing_slides_under_the_pointer(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """While the pointer is on the queue, rows keep their place; 'N nieuwe' brings the order."""
    older = structs.replace(make_view(THIRD), raised_at_ms=RAISED_MS - 60_000)
    async with gateway_on(mosquitto.url) as gateway:
        views = [make_view(FIRST), make_view(SECOND)]
        gateway.on_action = accepting(*views)
        await opened(page, server, gateway, *views)
        button = accept_button(page, SECOND)
        await button.hover()
        before = await button.bounding_box()
        await gateway.view(make_view(FIRST, version=2, status="accepted"))
        await expect(page.locator(f"section.progress {row(FIRST)}")).to_be_visible()
        await expect(page.locator(f"tr[data-left='{FIRST}']")).to_contain_text("aangenomen")
        assert before == await button.bounding_box()

        await button.hover(position={"x": 5, "y": 5})
        await gateway.view(older)
        fresh = page.locator("button.fresh")
        await expect(fresh).to_contain_text("1 nieuwe melding")
        await expect(page.locator("section.open tr.row").last).to_contain_text("Openstaand")
        await fresh.click()
        await page.mouse.move(1, 1)
        await expect(page.locator("section.open tr.row")).to_have_count(2)
        assert THIRD == await page.locator("section.open tr.row").first.get_attribute("data-alarm")


async def test_the_pointed_row_does_not_look_selected(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Which alarm the detail shows is never in doubt because the pointer rests on another."""
    async with gateway_on(mosquitto.url) as gateway:
        await opened(page, server, gateway, make_view(FIRST), make_view(SECOND))
        await page.locator(f"{row(FIRST)} .c-where").click()
        await page.locator(f"{row(SECOND)} .c-where").hover()
        colour = "element => getComputedStyle(element).backgroundColor"
        chosen = await page.locator(row(FIRST)).evaluate(colour)
        pointed = await page.locator(row(SECOND)).evaluate(colour)
        assert chosen != pointed
        assert pointed != await page.locator("section.progress").evaluate(colour)


@pytest.mark.parametrize(
    "gesture",
    [
        ("duress", "verified_duress", "STIL ALARM (dwang)"),
        ("hold", "verified_hold", "Lang ingedrukt"),
        ("cancel", "cancel_without_alarm", "Alleen een annulering, geen druk"),
    ],
)
async def test_what_was_done_with_the_button_is_said(
    mosquitto: "Mosquitto", server: Server, page: Page, gesture: tuple[str, str, str]
) -> None:
    """Duress, a long press and a lone cancel have a symbol and words of their own in the queue."""
    trigger, reason, words = gesture
    view = make_view(presses=(make_press(trigger=trigger),), reasons=(reason,))
    async with gateway_on(mosquitto.url) as gateway:
        await opened(page, server, gateway, view)
        shown = page.locator(f"{row()} [data-gesture={trigger}]")
        await expect(shown).to_have_text(words)
        await expect(shown.locator("svg")).to_be_visible()


async def test_the_escalated_badge_goes_with_the_waiting(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """It belongs to an alarm that waits; once accepted, only the log says that it escalated."""
    own = OwnTrack(escalation_level=1)
    async with gateway_on(mosquitto.url) as gateway:
        await opened(page, server, gateway, make_view(own_track=own))
        await expect(page.locator(row())).to_contain_text("Geëscaleerd, niveau 1")
        accepted = structs.replace(own, status="accepted", accepted_by="K. de Boer")
        await gateway.view(make_view(version=2, status="accepted", own_track=accepted))
        await expect(page.locator(f"section.progress {row()}")).to_be_visible()
        await expect(page.locator(row())).not_to_contain_text("Geëscaleerd")


async def test_a_refusal_is_dutch_everywhere(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """At the row, in the detail and in the log there are the catalogue's words, and no codes."""
    async with gateway_on(mosquitto.url) as gateway:
        now = make_view(version=2, status="accepted")
        text = "accept does not fit: the alarm is accepted"
        gateway.on_action = lambda action: structs.replace(
            answered(now, action, outcome="refused", text=text, acted_by="P. Bakker"),
            timeline=(
                structs.replace(
                    answered(now, action, outcome="refused", text=text).timeline[-1],
                    kind="refused",
                    acted_by="P. Bakker",
                ),
            ),
        )
        await opened(page, server, gateway, make_view())
        await accept_button(page, "aware-000123.1").click()
        said = "Geweigerd: P. Bakker was eerder. De melding is nu: aangenomen."
        await expect(page.locator(f"{row()} .notice")).to_have_text(said)
        await expect(page.locator("aside .notice")).to_have_text(said)
        await expect(page.locator("aside .log .refused")).to_contain_text(
            "'Aannemen' past niet: de melding was aangenomen"
        )
        assert "does not fit" not in await page.content()


LATER = """
window.later = [];
const timer = window.setTimeout;
window.setTimeout = (callback, afterMs) =>
  afterMs === 10_000 ? later.push(callback) : timer(callback, afterMs);
"""
"""Keeps what the page wants to do in ten seconds, so that a test need not wait for it."""


async def test_what_was_announced_does_not_stay(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Ten seconds later a live region is empty: nobody finds an old alarm there."""
    async with gateway_on(mosquitto.url) as gateway:
        await page.add_init_script(LATER)
        await opened(page, server, gateway, make_view())
        alert = page.locator("#announce-alert")
        await expect(alert).to_contain_text("prio 1, Leiden")
        await page.evaluate("later.forEach((callback) => callback())")
        await expect(alert).to_be_empty()


async def test_the_end_of_an_outage_takes_its_alert_back(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Once the connection is back, the live region does not say any more that it is lost."""
    async with gateway_on(mosquitto.url) as gateway:
        await page.add_init_script(LATER)
        await opened(page, server, gateway, make_view())
        await server.stop()
        alert = page.locator("#announce-alert")
        await expect(alert).to_contain_text("Verbinding verbroken")
        await server.start()
        await gateway.status()
        await expect(alert).to_be_empty()
