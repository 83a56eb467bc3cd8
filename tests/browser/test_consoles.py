"""What an operator sees and does, in a real browser on the whole running chain."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from alarm_gateway.adapters.registry import read_registry
from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import ConsoleId, DeviceId, PressId
from simulator.stack import Stack
from tests.helpers.wire import Witness, witness

DEVICE = DeviceId("aware-000001")
ROW = "tr[data-alarm='aware-000001.1']"
COMES_BACK_MS = 30_000
"""Longest wait for something that has to reconnect first."""


@asynccontextmanager
async def console(browser: Browser, stack: Stack, name: ConsoleId) -> AsyncIterator[Page]:
    """Open a console's page as an operator; any error on the page fails the test."""
    page = await browser.new_page(viewport={"width": 1280, "height": 720})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(stack.console_urls[name])
    await page.locator("#operator").fill("Ans de Wit")
    await expect(page.locator("[data-connection=connected]")).to_be_visible(timeout=COMES_BACK_MS)
    yield page
    assert [] == errors
    await page.close()


async def press(someone: Witness, registry: Path, number: int = 1) -> None:
    """Press the first household's button."""
    home = read_registry(registry)[DEVICE]
    message = Press(
        press_id=PressId(f"press-{number}"),
        device_id=DEVICE,
        sequence=number,
        pressed_at_ms=now_ms(),
        trigger="press",
        attempt=1,
    )
    payload = encode_press(message, bytes.fromhex(home.device_key_hex))
    await someone.publish(topics.press(DEVICE), payload)


async def told(someone: Witness, status: str) -> None:
    """Wait until the device was told this."""
    await someone.until(
        lambda: status in [one.status for one in someone.feedback(DEVICE)], f"feedback {status}"
    )


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
        console(chromium, chain, "police") as other,
    ):
        await other.locator("#operator").fill("Bob Bos")
        await press(someone, chain.settings.registry)
        await expect(one.locator(ROW)).to_contain_text("Openstaand")
        await expect(other.locator(ROW)).to_contain_text("Openstaand")
        async with one.expect_response("**/actions") as first:
            await one.locator(ROW).get_by_role("button", name="Aannemen").click()
        assert 200 == (await first.value).status
        answer = await other.request.post(
            f"{chain.console_urls['police']}/api/alarms/aware-000001.1/actions",
            data={"kind": "accept", "operator": "Bob Bos", "seen_version": 1},
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
