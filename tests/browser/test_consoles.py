"""What an operator sees and does, in a real browser on the whole running chain."""

import re

from playwright.async_api import Browser, expect

from alarm_gateway.adapters.registry import read_registry
from simulator.stack import Stack
from tests.browser.operators import COMES_BACK_MS, DEVICE, ROW, console, press, told
from tests.helpers.wire import witness


async def test_a_press_appears_on_both_consoles_and_is_worked_to_its_end(
    chain: Stack, chromium: Browser
) -> None:
    """A press is on both pages without a reload, and the device is told each step after it."""
    async with (
        witness(chain.broker_url.port) as someone,
        console(chromium, chain, "police") as police,
        console(chromium, chain, "veilig_thuis") as thuis,
    ):
        await press(someone, chain.settings.registry)
        await expect(police.locator(ROW)).to_contain_text("Openstaand")
        await expect(thuis.locator(ROW)).to_contain_text("Openstaand")
        home = read_registry(chain.settings.registry)[DEVICE]
        await expect(police.locator(ROW)).to_contain_text(home.police.address.street)
        await expect(thuis.locator(ROW)).to_contain_text(home.veilig_thuis.case_reference)
        assert home.police.address.street not in await thuis.content()
        assert home.veilig_thuis.case_reference not in await police.content()

        await police.locator(ROW).get_by_role("button", name="Aannemen").click()
        await told(someone, "accepted")
        await expect(police.locator(ROW)).to_contain_text("Aangenomen")
        await expect(thuis.locator(ROW)).to_contain_text("Politie: aangenomen")

        await police.locator("form[data-action=assign_unit] input").fill("HM 21.01")
        await police.get_by_role("button", name="Eenheid toewijzen").click()
        await told(someone, "unit_assigned")
        await police.get_by_role("button", name="Ter plaatse").click()
        await told(someone, "on_scene")
        closing = police.locator("form[data-action=close]")
        await closing.locator("select").select_option("genuine")
        await closing.locator("textarea").fill("Verdachte aangehouden")
        await closing.get_by_role("button", name="Afsluiten").click()
        await expect(police.locator(".panel.closed")).to_contain_text("Echte noodsituatie")

        await thuis.locator(ROW).get_by_role("button", name="Aannemen").click()
        await expect(thuis.locator(ROW)).to_contain_text("Aangenomen")
        await expect(thuis.locator(ROW)).to_contain_text("Politie: afgesloten")


async def test_an_operator_is_told_who_was_first(chain: Stack, chromium: Browser) -> None:
    """Two operators accept one alarm; the second sees the name of the first."""
    async with (
        witness(chain.broker_url.port) as someone,
        console(chromium, chain, "police") as one,
        console(chromium, chain, "police", "Bob Bos") as other,
    ):
        await press(someone, chain.settings.registry)
        await expect(one.locator(ROW)).to_contain_text("Openstaand")
        await expect(other.locator(ROW)).to_contain_text("Openstaand")
        async with one.expect_response("**/actions") as first:
            await one.locator(ROW).get_by_role("button", name="Aannemen").click()
        assert 200 == (await first.value).status
        url = chain.console_urls["police"]
        me = await (await other.request.get(f"{url}/api/session")).json()
        answer = await other.request.post(
            f"{url}/api/alarms/aware-000001.1/actions",
            headers={"Origin": url, "X-CSRF-Token": me["csrf"]},
            data={"kind": "accept", "seen_version": 1},
        )
        assert (409, "Ans de Wit") == (answer.status, (await answer.json())["acted_by"])


async def test_a_page_survives_gateway_broker_and_server(chain: Stack, chromium: Browser) -> None:
    """Whatever is killed, known alarms stay in sight and the page comes back by itself."""
    assert chain.broker is not None
    async with console(chromium, chain, "police") as page:
        async with witness(chain.broker_url.port) as someone:
            await press(someone, chain.settings.registry)
            await expect(page.locator(ROW)).to_be_visible()
        for number, part in enumerate(
            (chain.gateway, chain.broker, chain.consoles["police"]), start=2
        ):
            part.kill()
            await expect(page.locator("[data-connection=connected]")).to_have_count(
                0, timeout=COMES_BACK_MS
            )
            await expect(page.locator(".banner").first).to_be_visible()
            await expect(page.locator(ROW)).to_be_visible()
            await part.start()
            await expect(page.locator("[data-connection=connected]")).to_be_visible(
                timeout=COMES_BACK_MS
            )
            async with witness(chain.broker_url.port) as someone:
                await press(someone, chain.settings.registry, number)
                counted = re.compile(rf"{number}\W ingedrukt")
                await expect(page.locator(ROW)).to_contain_text(counted, timeout=COMES_BACK_MS)
