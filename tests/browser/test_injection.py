"""Text that would be code, typed by operators and sent by devices, on the whole running chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs
from playwright.async_api import Browser, Page, expect

from simulator import households
from simulator.stack import Stack, StackSettings, running
from tests.browser.conftest import OPERATORS, SUPERVISORS
from tests.browser.operators import DEVICE, ROW, blank, login_of, press, sign_in_by_keys
from tests.browser.test_by_mouse import fill_in
from tests.helpers.wire import witness
from tests.integration.test_console_injection import HARM, HARMLESS, TEXTS, WATCH, harmless

LATER = "then => performance.now() - then > 700"
SHORT = '<img src=x onerror=window.hit=1>"onmouseover="window.hit=1" ${window.hit=1}'
LONG = "\n".join(TEXTS[:6])
"""Marks that turn the writing are refused where somebody types; a long text is shortened."""
TOPIC = "aware/v1/devices/<img src=x onerror=window.hit=1>/press"
BYTES = b"<script>window.hit=1</script>\xff"


@pytest.fixture
async def hostile_chain(tmp_path: Path) -> AsyncIterator[Stack]:
    """Give this test a chain whose first household is full of markup."""
    registry = tmp_path / "households.json"
    file = households.generate(2, seed=1)
    first = file.households[0]
    police = structs.replace(
        first.police,
        resident=SHORT,
        municipality=SHORT,
        route_notes=LONG[:300],
        offender=structs.replace(first.police.offender, name=SHORT, description=SHORT),
    )
    thuis = structs.replace(
        first.veilig_thuis, case_reference=SHORT, resident=SHORT, safety_plan=LONG[:300]
    )
    home = structs.replace(first, police=police, veilig_thuis=thuis)
    households.write(structs.replace(file, households=(home, *file.households[1:])), registry)
    settings = StackSettings(
        data_dir=tmp_path, registry=registry, operators=OPERATORS, supervisors=SUPERVISORS
    )
    async with running(settings) as stack:
        yield stack


async def log_reads(page: Page, text: str) -> None:
    """Wait until the alarm's log holds a text, line for line, and nothing of it ran."""
    lines = [line for line in text.split("\n") if line.strip()]
    for line in lines:
        await expect(page.locator("aside .log").last).to_contain_text(line)
    await harmless(page, text)


async def test_what_operators_type_stays_text_on_every_page(
    hostile_chain: Stack, chromium: Browser
) -> None:
    """Unit, note, reason to close, assessment, agreements, referral, hand-over: through the chain.

    The police's supervisor, history and incident page show what they and the device wrote.
    """
    chain = hostile_chain
    urls = chain.console_urls
    async with (
        witness(chain.broker_url.port) as someone,
        blank(chromium) as police,
        blank(chromium) as thuis,
    ):
        for page in (police, thuis):
            await page.add_init_script(WATCH)
        await press(someone, chain.settings.registry)
        await someone.publish(TOPIC, BYTES)
        await someone.publish(f"aware/v1/devices/{DEVICE}/press", BYTES)
        await sign_in_by_keys(police, urls["police"], login_of(chain, "police", "Sef de Groot"))
        await sign_in_by_keys(
            thuis, urls["veilig_thuis"], login_of(chain, "veilig_thuis", "Veerle Smit")
        )
        await police.locator(f"{ROW} button[data-action=accept]").click()
        await fill_in(police, "assign_unit", SHORT)
        await expect(police.locator("aside [data-question]")).to_contain_text(SHORT)
        await police.wait_for_function(LATER, arg=await police.evaluate("performance.now()"))
        await police.keyboard.press("Enter")
        await fill_in(police, "note", LONG)
        await log_reads(police, LONG)
        await fill_in(police, "close", LONG, choice="genuine")
        await expect(police.locator(f"section.closed {ROW}")).to_be_visible()
        await log_reads(police, LONG)

        await thuis.locator(f"{ROW} button[data-action=accept]").click()
        for kind, texts, choice in (
            ("safety_assessment", (LONG,), None),
            ("conditions", (LONG,), None),
            ("refer", (LONG,), "wijkagent"),
            ("hand_over", (SHORT, LONG), None),
            ("close", (LONG,), "genuine"),
        ):
            await fill_in(thuis, kind, *texts, choice=choice)
            await log_reads(thuis, LONG)
        await expect(thuis.locator(f"section.closed {ROW}")).to_be_visible()
        await looked_back(police, urls["police"])
        await looked_back(thuis, urls["veilig_thuis"])
        await police.goto(f"{urls['police']}/supervision")
        await expect(police.locator("[data-begin]")).to_have_count(2)
        await expect(police.locator(".counters")).to_contain_text(TOPIC)
        await expect(police.locator("[data-begin]").first).to_have_text(
            BYTES.decode("latin-1").replace("\xff", r"\xff")
        )
        await harmless(police, "supervision")


async def looked_back(page: Page, url: str) -> None:
    """Find the closed alarm in the history, and read it whole."""
    await page.goto(f"{url}/history")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await harmless(page, "history")
    await page.locator("tbody a").first.click()
    await expect(page.locator("article.incident")).to_contain_text(TEXTS[0])
    await expect(page.locator("article.incident")).to_contain_text(SHORT)
    assert HARMLESS == await page.evaluate(HARM)
