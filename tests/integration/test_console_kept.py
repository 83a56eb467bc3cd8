"""What a page keeps by itself: actions that could not be sent, and a home's other alarms."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Dialog, Page, expect

from alarm_protocol.messages import Note, OwnTrack
from alarm_protocol.units import TimestampMs
from dispatch import feed as feed_module
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import answered, gateway_on, until
from tests.unit.dispatch.views import RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]


async def write_note(page: Page, text: str) -> None:
    """Write a note on the chosen alarm and send it."""
    form = page.locator("aside form[data-action=note]")
    await form.locator("textarea").fill(text)
    await form.get_by_role("button").click()


async def test_what_could_not_be_sent_is_kept_and_never_shown_as_done(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Without a broker each note is kept: one is thrown away, the other sent later, by a key."""
    view = make_view(status="accepted")
    kept = page.locator("aside [data-kept=note]")
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await page.locator("aside details[data-more=note] summary").click()
    mosquitto.kill()
    await expect(page.locator("[data-connection=broker]")).to_be_visible()
    await write_note(page, "eerste")
    await expect(kept).to_have_count(1)
    await write_note(page, "tweede")
    await expect(kept).to_have_count(2)
    await expect(page.locator("aside .notice")).to_contain_text("Niet uitgevoerd")
    await expect(page.locator(".banners")).to_contain_text("2 acties zijn nog niet bevestigd")
    await kept.filter(has_text="eerste").get_by_role("button", name="Weggooien").click()
    await expect(kept).to_have_count(1)
    await expect(kept).to_contain_text("tweede")

    mosquitto.start()
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = lambda action: answered(view, action, outcome="done")
        await gateway.view(view)
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await expect(kept).to_have_count(1)
        await kept.get_by_role("button", name="Opnieuw versturen").press("Enter")
        await expect(page.locator("aside .notice")).to_contain_text("uitgevoerd.")
        await expect(kept).to_have_count(0)
        await expect(page.locator(".banners")).to_have_count(0)
        notes = [action.text for action in gateway.actions if isinstance(action, Note)]
        assert ["tweede"] == notes


async def test_a_note_that_got_no_answer_is_written_once(
    mosquitto: "Mosquitto", server: Server, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept as 'perhaps done', a reload asks first, sent again it is no second note."""
    monkeypatch.setattr(feed_module, "ANSWER_WITHIN_S", 0.5)
    view = make_view(status="accepted")
    kept = page.locator("aside [data-kept=note]")
    asked: list[str] = []
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await page.locator("aside details[data-more=note] summary").click()
        await write_note(page, "eenmaal")
        await expect(kept).to_contain_text("misschien al uitgevoerd")

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.once("dialog", stay)
        # Not `reload`, which would wait for a page that never comes.
        await page.evaluate("setTimeout(() => location.reload(), 0)")
        await expect(kept).to_be_visible()
        await until(lambda: asked, "the question before leaving")
        assert ["beforeunload"] == asked

        async with page.expect_response("**/actions") as answer:
            await kept.get_by_role("button", name="Opnieuw versturen").click()
        assert 504 == (await answer.value).status
        note, again = gateway.actions
        assert note.action_id == again.action_id  # which the gateway takes once
        await expect(kept.get_by_role("button", name="Opnieuw versturen")).to_be_enabled()
        # The answer comes late, and nothing waits for a hand any more.
        await gateway.view(answered(view, note, outcome="done"))
        await expect(page.locator("aside .log").last).to_contain_text("Notitie")
        await expect(kept).to_have_count(0)
        await expect(page.locator(".banners")).to_have_count(0)
        # It is said, and its text does not stand ready to be sent a second time.
        await expect(page.locator("aside .notice.good")).to_contain_text("uitgevoerd.")
        await expect(page.locator("aside form[data-action=note] textarea")).to_have_value("")


async def test_a_household_shows_its_earlier_alarms(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """How many there were, and those this console holds, with how they ended, to be opened."""
    ended = OwnTrack(
        status="closed", disposition="mispress", close_reason="bewoner gesproken, kat op knop"
    )
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view("aware-000123.2", status="closed", own_track=ended))
        await until(lambda: gateway.confirmed, "the closed alarm kept")
        await gateway.view(make_view("aware-000777.2"))
        later = TimestampMs(RAISED_MS + 60_000)
        await gateway.view(make_view("aware-000123.3", raised_at_ms=later))
        await page.goto(server.url)
        await page.locator(f"{row('aware-000123.3')} .c-where").click()
        earlier = page.locator("aside [data-earlier='2']")
        await expect(earlier.locator("li")).to_have_count(1)
        await expect(earlier.get_by_role("button", name="aware-000123.2")).to_be_visible()
        await expect(earlier.locator("li")).to_contain_text("Per ongeluk ingedrukt")
        await expect(earlier.locator("li")).to_contain_text("kat op knop")
        await expect(earlier).to_contain_text("1 eerdere zijn hier niet (meer) bekend")
        await earlier.get_by_role("button").click()
        await expect(page.locator("[data-detail='aware-000123.2']")).to_be_visible()
