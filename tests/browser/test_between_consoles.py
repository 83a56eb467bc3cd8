"""What one operator does, as others see it: on the other console, and on the same one."""

import re

from playwright.async_api import Browser, Page, WebSocketRoute, expect

from simulator.stack import Stack
from tests.browser.operators import ROW, console, press, told
from tests.helpers.wire import witness

WITHIN_MS = 1_000
"""An action on one console is seen on the other within a second."""

CLICKED = """addEventListener("click", () => (window.clickedAt = Date.now()), { capture: true })"""
WATCH = """([row, text]) => {
  const look = () => {
    if (document.querySelector(row)?.textContent.includes(text)) window.seenAt ??= Date.now();
  };
  window.seenAt = null;
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true,
  });
}"""


async def seen_after_ms(
    actor: Page, watcher: Page, button: str, text: str, scope: str = ROW
) -> int:
    """Press a button on one page; return when the other showed a text, by the browser's clock."""
    await actor.evaluate(CLICKED)
    await watcher.evaluate(WATCH, [ROW, text])
    await actor.locator(scope).get_by_role("button", name=button).first.click()
    await expect(watcher.locator(ROW)).to_contain_text(text)
    return int(await watcher.evaluate("seenAt") - await actor.evaluate("clickedAt"))


async def test_an_action_on_one_console_is_seen_on_the_other_within_a_second(
    chain: Stack, chromium: Browser
) -> None:
    """Accept on either side, and a unit of the police, show on the other side by themselves.

    All three have to show, and two of them in time: on a machine that others use too, one may
    be held up.
    """
    async with (
        witness(chain.broker_url.port) as someone,
        console(chromium, chain, "police") as police,
        console(chromium, chain, "veilig_thuis", "Veerle Smit") as thuis,
    ):
        await press(someone, chain.settings.registry)
        await expect(police.locator(ROW)).to_be_visible()
        await expect(thuis.locator(ROW)).to_be_visible()
        took = {
            "police accepts": await seen_after_ms(police, thuis, "Aannemen", "Politie: aangenomen"),
            "Veilig Thuis accepts": await seen_after_ms(
                thuis, police, "Aannemen", "Veilig Thuis: aangenomen"
            ),
        }
        await police.locator("form[data-action=assign_unit] input").fill("HM 21.01")
        took["a unit is sent"] = await seen_after_ms(
            police, thuis, "Eenheid toewijzen", "Politie: eenheid toegewezen", "aside"
        )
        assert {} == {name: ms for name, ms in took.items() if ms < 0}
        assert sorted(took.values())[1] < WITHIN_MS, took


async def test_veilig_thuis_works_a_case_to_its_end(chain: Stack, chromium: Browser) -> None:
    """Accept, assess, hand over and close by the mouse, agree and refer by keys.

    A closed case offers nothing more, and the police learn of it the status alone.
    """
    async with (
        witness(chain.broker_url.port) as someone,
        console(chromium, chain, "veilig_thuis", "Veerle Smit") as thuis,
        console(chromium, chain, "police") as police,
    ):
        await press(someone, chain.settings.registry)
        await thuis.locator(ROW).get_by_role("button", name="Aannemen").click()
        await expect(thuis.locator(ROW)).to_contain_text("Aangenomen")
        await expect(thuis.locator("aside")).to_contain_text("beoordeling uiterlijk")

        assessing = thuis.locator("form[data-action=safety_assessment]")
        await assessing.locator("textarea").fill("Acuut onveilig, moeder bij zus")
        await assessing.get_by_role("button").click()
        await expect(thuis.locator(ROW)).to_contain_text("Beoordeeld")
        await expect(thuis.locator("aside dl").last).to_contain_text("Acuut onveilig")

        # Agreements and a referral, by the keyboard alone.
        await thuis.locator("aside").focus()
        await thuis.keyboard.press("v")
        await thuis.keyboard.type("Geen contact tot maandag")
        await thuis.keyboard.press("Tab")
        await thuis.keyboard.press("Enter")
        await expect(thuis.locator("aside .notice")).to_contain_text("Afspraken vastleggen")
        await thuis.locator("aside").focus()
        await thuis.keyboard.press("w")
        await thuis.keyboard.type("Wijk")
        await thuis.keyboard.press("Tab")
        await thuis.keyboard.type("Ex-partner belt nog")
        await thuis.keyboard.press("Tab")
        await thuis.keyboard.press("Enter")
        await expect(thuis.locator("aside .notice")).to_contain_text("Verwijzen")
        own = thuis.locator("aside dl").last
        await expect(own).to_contain_text("Geen contact tot maandag")
        await expect(own).to_contain_text("Wijkagent, voor een stopgesprek")
        await expect(thuis.locator("aside .log").last).to_contain_text(
            "Wijkagent, voor een stopgesprek: Ex-partner belt nog"
        )
        await expect(thuis.locator(ROW)).to_contain_text("Beoordeeld")

        handing = thuis.locator("form[data-action=hand_over]")
        await handing.locator("input").fill("Lokaal team Leiden")
        await handing.locator("textarea").fill("Casusregisseur belt morgen")
        await handing.get_by_role("button").click()
        await expect(thuis.locator(ROW)).to_contain_text("Overgedragen")
        await expect(thuis.locator("aside .log").last).to_contain_text("door Veerle Smit")

        closing = thuis.locator("form[data-action=close]")
        await closing.locator("select").select_option("genuine")
        await closing.locator("textarea").fill("Overgedragen, geen taak meer")
        await closing.get_by_role("button").click()
        await expect(thuis.locator(".panel.closed")).to_contain_text("Echte noodsituatie")
        await expect(thuis.locator("aside form")).to_have_count(0)
        await expect(thuis.locator("aside section.actions")).to_have_count(0)
        await expect(thuis.locator("aside")).to_contain_text("Afgesloten")
        # The police have not accepted yet, and learn nothing but the status.
        await expect(police.locator(ROW)).to_contain_text("Veilig Thuis: afgesloten")
        await expect(police.locator(ROW)).to_contain_text("Openstaand")
        content = await police.content()
        told_there = ("Acuut", "Veerle", "Casusregisseur", "maandag", "Ex-partner", "stopgesprek")
        assert [] == [word for word in told_there if word in content]


async def test_the_second_operator_reads_who_was_first(chain: Stack, chromium: Browser) -> None:
    """Both press 'Aannemen'; the page of the slower one says whom it lost to, in Dutch."""
    deaf = False

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: None if deaf else socket.send(message))

    async with (
        witness(chain.broker_url.port) as someone,
        console(chromium, chain, "police") as one,
        console(chromium, chain, "police", "Bob Bos") as other,
    ):
        # The slower page does not hear of the first accept before it presses.
        await other.route_web_socket(re.compile("/ws$"), carry)
        await other.reload()
        await press(someone, chain.settings.registry)
        await expect(one.locator(ROW)).to_contain_text("Openstaand")
        await expect(other.locator(ROW)).to_contain_text("Openstaand")
        deaf = True
        await one.locator(ROW).get_by_role("button", name="Aannemen").click()
        await told(someone, "accepted")
        await other.locator(ROW).get_by_role("button", name="Aannemen").click()
        said = "Geweigerd: Ans de Wit was eerder. De melding is nu: aangenomen."
        await expect(other.locator(f"{ROW} .notice")).to_have_text(said)
        await expect(other.locator("aside .notice")).to_have_text(said)
        await expect(other.locator(f"section.progress {ROW}")).to_be_visible()
