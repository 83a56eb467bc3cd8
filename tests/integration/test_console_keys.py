"""The keyboard alone: every step of an alarm, and nothing that acts by accident."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.messages import AlarmView, TrackAction, action_kind
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import Gateway, answered, gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

FIRST, SECOND = "aware-000001.1", "aware-000002.1"
AFTER = {
    "accept": "accepted",
    "assign_unit": "unit_assigned",
    "arrive": "on_scene",
    "close": "closed",
}


def works(gateway: Gateway, *views: AlarmView) -> None:
    """Let the scripted gateway take every action to its next status."""
    known = {view.alarm_id: view for view in views}

    def take(action: TrackAction) -> AlarmView:
        view = answered(known[action.alarm_id], action, outcome="done")
        status = AFTER.get(action_kind(action), view.status)
        own = structs.replace(view.own_track, status=status)
        known[action.alarm_id] = structs.replace(view, status=status, own_track=own)
        return known[action.alarm_id]

    gateway.on_action = take


async def press(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        await page.keyboard.press(key)


async def done(page: Page, what: str) -> None:
    """Wait for the page's own word: until then it takes no other action on the same alarm."""
    await expect(page.locator("aside .notice.good")).to_contain_text(what)


async def test_an_alarm_is_worked_to_its_end_by_keys_alone(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """J, A, E, P, N and X take the chosen alarm from open to closed, and no other."""
    views = [make_view(FIRST), make_view(SECOND)]
    async with gateway_on(mosquitto.url) as gateway:
        works(gateway, *views)
        for view in views:
            await gateway.view(view)
        await page.goto(server.url)
        await expect(page.locator(row(SECOND))).to_be_visible()
        await press(page, "j", "j", "k", "j")
        await expect(page.locator(f"{row(SECOND)}:focus")).to_be_visible()
        await press(page, "a")
        await expect(page.locator(f"section.progress {row(SECOND)}")).to_be_visible()
        await done(page, "Aannemen")
        await press(page, "e")
        await page.keyboard.type("HM 21.01")
        await press(page, "Enter")
        await expect(page.locator(row(SECOND))).to_contain_text("Eenheid toegewezen")
        await done(page, "Eenheid toewijzen")
        await press(page, "Escape", "p")
        await expect(page.locator(row(SECOND))).to_contain_text("Ter plaatse")
        await done(page, "Ter plaatse")
        await press(page, "n")
        await page.keyboard.type("Bewoner aap noot ja")  # with keys in it that would act
        await press(page, "Tab", "Enter")
        await expect(page.locator("aside .log").last).to_contain_text("Notitie")
        await done(page, "Notitie")
        await press(page, "Escape", "x", "e", "Tab")
        await page.keyboard.type("Alles veilig")
        await press(page, "Tab", "Enter")
        await expect(page.locator(f"section.closed {row(SECOND)}")).to_be_visible()
        await expect(page.locator(f"section.open {row(FIRST)}")).to_be_visible()
        kinds = [action_kind(action) for action in gateway.actions]
        assert ["accept", "assign_unit", "arrive", "note", "close"] == kinds
        assert {SECOND} == {str(action.alarm_id) for action in gateway.actions}


async def test_nothing_moves_under_the_focus(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Who stands on a row by keyboard keeps it; what is new is counted and waits."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(SECOND))
        await page.goto(server.url)
        await expect(page.locator(row(SECOND))).to_be_visible()
        await press(page, "j")
        await gateway.view(make_view(FIRST))
        await expect(page.locator("button.fresh")).to_contain_text("1 nieuwe melding")
        lines = page.locator("section.open tr.row")
        assert SECOND == await lines.first.get_attribute("data-alarm")
        await expect(page.locator(f"{row(SECOND)}:focus")).to_be_visible()


async def test_keys_can_be_switched_off_and_shown(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """'?' lists them and Esc leaves the list; switched off, a letter does nothing."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator(row())).to_be_visible()
        await press(page, "?")
        await expect(page.get_by_role("dialog")).to_contain_text("A: aannemen")
        await press(page, "Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.locator("details.operator summary").click()
        await page.locator("[data-pref=keys]").uncheck()
        await page.locator(f"{row()} .c-where").click()
        await press(page, "a", "j", "?")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert [] == gateway.actions


async def test_f6_goes_round_the_regions_and_numbers_filter(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Bar, queue, map, detail and round again; '2' shows priority 2 only, again shows all."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(FIRST))
        await gateway.view(make_view(SECOND, priority=2))
        await page.goto(server.url)
        await expect(page.locator(row(SECOND))).to_be_visible()
        seen = []
        for _ in range(5):
            await press(page, "F6")
            seen.append(
                await page.evaluate(
                    "document.activeElement.closest('.bar, .lists, .map, aside').className"
                )
            )
        assert ["bar", "lists", "panel map", "panel detail", "bar"] == seen
        await press(page, "2")
        await expect(page.locator(row(FIRST))).to_have_count(0)
        await expect(page.locator("section.open h2")).to_contain_text("alleen prio 2")
        await press(page, "2")
        await expect(page.locator(row(FIRST))).to_be_visible()


@pytest.mark.parametrize("key", ["n", "e", "x"])
async def test_what_is_being_typed_stays_text_when_a_colleague_moves_the_alarm_on(
    mosquitto: "Mosquitto", server: Server, page: Page, key: str
) -> None:
    """The field keeps its focus and its letters while units are sent and arrive; nothing acts."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(FIRST, status="accepted"))
        await gateway.view(make_view(SECOND))
        await page.goto(server.url)
        await expect(page.locator(row(SECOND))).to_be_visible()
        await page.locator(f"{row(FIRST)} .c-where").click()
        await expect(page.locator(f"[data-detail='{FIRST}']")).to_be_visible()
        await press(page, key, *(["Tab"] if key == "x" else []))
        for version, status in enumerate(("accepted", "unit_assigned", "on_scene"), start=2):
            await page.keyboard.type("jap ")
            await gateway.view(make_view(FIRST, version, status=status))
            await expect(page.locator(f"{row(FIRST)}[data-version='{version}']")).to_be_visible()
        await page.keyboard.type("jap")
        field = page.locator("aside form.act :is(input, textarea):focus")
        await expect(field).to_have_value("jap jap jap jap")
        await expect(page.locator(f"[data-detail='{FIRST}']")).to_be_visible()
        assert [] == gateway.actions


TYPES_ON = """() => {
  let outside = 0;
  const typist = setInterval(() => {
    const { activeElement: target, body } = document;
    const key = outside % 2 ? "a" : "k";
    if (target === body || target.matches("aside")) outside += 1;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    if (outside < 6) return;
    clearInterval(typist);
    body.dataset.typed = "";
  }, 50);
}"""
"""Types twenty letters a second wherever the focus is, until some fell out of the form."""


async def test_what_is_typed_on_after_the_form_went_away_is_no_key(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """A colleague closes the alarm under a note: its last letters accept no other alarm."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(FIRST, status="accepted"))
        await gateway.view(make_view(SECOND))
        await page.goto(server.url)
        await expect(page.locator(row(SECOND))).to_be_visible()
        await page.locator(f"{row(FIRST)} .c-where").click()
        await expect(page.locator(f"[data-detail='{FIRST}']")).to_be_visible()
        await press(page, "n")
        await page.keyboard.type("Bewoner in ")
        await page.evaluate(TYPES_ON)
        await gateway.view(make_view(FIRST, 2, status="closed"))
        await expect(page.locator(f"section.closed {row(FIRST)}")).to_be_visible()
        await expect(page.locator("body[data-typed]")).to_be_attached()
        await expect(page.locator(f"[data-detail='{FIRST}']")).to_be_visible()
        assert [] == gateway.actions


async def test_keys_that_do_something_work_in_queue_and_detail_only(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """In the account menu no letter accepts; it closes with Escape and by a click elsewhere."""
    async with gateway_on(mosquitto.url) as gateway:
        works(gateway, make_view(FIRST))
        await gateway.view(make_view(FIRST))
        await page.goto(server.url)
        await page.locator(f"{row(FIRST)} .c-where").click()
        menu, summary = page.locator("details.operator[open]"), page.locator(".operator summary")
        await summary.click()
        await page.keyboard.press("a")
        await expect(menu).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(menu).to_have_count(0)
        await page.keyboard.press("a")
        await summary.click()
        await page.locator("#title-open").click()
        await expect(menu).to_have_count(0)
        assert [] == gateway.actions
        await page.keyboard.press("Escape")
        await page.keyboard.press("a")
        await expect(page.locator(f"section.progress {row(FIRST)}")).to_be_visible()


async def test_the_bar_counts_what_nobody_accepted_and_leads_there(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Also where the queue is scrolled away: a new alarm is in the number, and one press away."""
    async with gateway_on(mosquitto.url) as gateway:
        for number in range(2, 20):
            await gateway.view(make_view(f"aware-{number:06}.1", priority=2))
        await page.goto(server.url)
        count = page.locator("[data-unaccepted]")
        await expect(count).to_have_text("18 niet aangenomen")
        await page.locator(".lists").evaluate("(lists) => lists.scrollTo(0, lists.scrollHeight)")
        await gateway.view(make_view(FIRST))
        await expect(count).to_have_text("19 niet aangenomen")
        await count.click()
        await expect(page.locator(row(FIRST))).to_be_in_viewport()


async def test_a_new_press_takes_away_what_was_said_before(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """'Uitgevoerd' of the alarm before does not stand on a new emergency."""
    async with gateway_on(mosquitto.url) as gateway:
        view = make_view(FIRST)
        works(gateway, view)
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row(FIRST)} button[data-action=accept]").click()
        notice = page.locator("aside .notice")
        await page.locator(f"{row(FIRST)} .c-where").click()
        await expect(notice).to_contain_text("uitgevoerd")
        pressed = structs.replace(view, version=9, press_count=view.press_count + 1)
        await gateway.view(pressed)
        await expect(page.locator(f"{row(FIRST)}[data-version='9']")).to_be_visible()
        await expect(notice).to_have_count(0)
