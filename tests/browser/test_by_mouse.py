"""Whole flows by the mouse alone, from the door on: the keyboard types letters and nothing else."""

import asyncio
import contextlib

from playwright.async_api import Browser, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from simulator.signin import Login, add_accounts
from simulator.stack import Stack
from tests.browser.operators import (
    ROW,
    blank,
    content_of,
    keys,
    login_of,
    press,
    sign_in_by_keys,
    sign_in_by_mouse,
    told,
    write_by_mouse,
)
from tests.helpers.wire import witness


async def fill_in(page: Page, kind: str, *texts: str, choice: str | None = None) -> None:
    """Unfold a form where it is folded, fill it in and send it.

    A choice is set at once: a headless browser draws no list to point at.
    """
    form = page.locator(f"aside form[data-action={kind}]")
    fold = page.locator(f"aside details[data-more={kind}] > summary")
    await expect(form.or_(fold).first).to_be_attached()
    async with asyncio.timeout(30):
        while not await form.is_visible():
            # It may stand open of itself by the time of the click: it became the next step.
            with contextlib.suppress(PlaywrightTimeout):
                await fold.click(timeout=1_000)
    if choice is not None:
        await form.locator("select").select_option(choice)
    fields = form.locator("input, textarea")
    for number, text in enumerate(texts):
        await write_by_mouse(page, fields.nth(number), text)
    await form.locator("button[type=submit]").click()


async def test_veilig_thuis_works_a_case_by_mouse_alone(chain: Stack, chromium: Browser) -> None:
    """Sign in, choose, accept, assess, agree, refer, hand over and close, by clicks."""
    login = login_of(chain, "veilig_thuis", "Veerle Smit")
    log = "aside .log >> nth=-1"
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await press(someone, chain.settings.registry)
        await sign_in_by_mouse(page, chain.console_urls["veilig_thuis"], login)
        await page.locator(f"{ROW} .c-where").click()
        await page.locator("aside form[data-action=accept] button").click()
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible()
        await fill_in(page, "safety_assessment", "Acuut onveilig, moeder bij zus")
        await expect(page.locator(ROW)).to_contain_text("Beoordeeld")
        await fill_in(page, "conditions", "Geen contact tot maandag")
        await expect(page.locator(log)).to_contain_text("Geen contact tot maandag")
        await fill_in(page, "refer", "Ex-partner belt nog", choice="wijkagent")
        await expect(page.locator(log)).to_contain_text("Ex-partner belt nog")
        await fill_in(page, "hand_over", "Lokaal team Leiden", "Casusregisseur belt morgen")
        await expect(page.locator(ROW)).to_contain_text("Overgedragen")
        await fill_in(page, "close", "Overgedragen, geen taak meer", choice="genuine")
        await expect(page.locator("section.closed")).to_contain_text("Echte noodsituatie")
        await expect(page.locator(log)).to_contain_text("door Veerle Smit")


async def test_the_police_work_an_alarm_by_mouse_alone(chain: Stack, chromium: Browser) -> None:
    """Sign in, accept in the queue, take the nearest unit, arrive, note and close, by clicks."""
    login = login_of(chain, "police", "Ans de Wit")
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await press(someone, chain.settings.registry)
        await sign_in_by_mouse(page, chain.console_urls["police"], login)
        await page.locator(f"{ROW} button[data-action=accept]").click()
        await told(someone, "accepted")
        await page.locator("aside .units button").first.click()
        await page.locator("aside form[data-action=assign_unit] button[type=submit]").click()
        await told(someone, "unit_assigned")
        await page.locator("aside form[data-action=arrive] button").click()
        await told(someone, "on_scene")
        await fill_in(page, "note", "Bewoner aangesproken")
        await expect(page.locator("aside .log").last).to_contain_text("Bewoner aangesproken")
        await fill_in(page, "close", "Kat op de knop", choice="mispress")
        await expect(page.locator("section.closed")).to_contain_text("Per ongeluk ingedrukt")


async def test_a_supervisor_exports_by_mouse_alone(chain: Stack, chromium: Browser) -> None:
    """From the door to the page, to the bytes that nobody could read, and to the CSV file."""
    login = login_of(chain, "police", "Sef de Groot")
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await someone.publish("aware/v1/devices/aware-000001/press", b"<b>geen druk\xff")
        await sign_in_by_mouse(page, chain.console_urls["police"], login)
        await page.locator("details.operator summary").click()
        await page.get_by_role("link", name="Toezicht").click()
        await expect(page.locator("[data-begin]").first).to_have_text(r"<b>geen druk\xff")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV downloaden").click()
        assert r"<b>geen druk\xff" in await content_of(await download.value)


async def reader(chain: Stack) -> Login:
    """Make an account at the police that only reads, while the console runs."""
    accounts = chain.settings.data_dir / "accounts" / "police.json"
    made = await add_accounts(accounts, "police", ("Rie Lezer",), "read_only")
    return made["Rie Lezer"]


async def test_who_only_reads_sees_all_and_can_do_nothing(chain: Stack, chromium: Browser) -> None:
    """By keys, by clicks and by a request of one's own: the alarm stays as it was."""
    login = await reader(chain)
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await press(someone, chain.settings.registry)
        url = chain.console_urls["police"]
        await sign_in_by_keys(page, url, login)
        await expect(page.locator(ROW)).to_contain_text("Openstaand")
        await keys(page, "j", "a", "e", "p", "n", "x")
        await expect(page.locator("aside [data-detail], aside[data-detail]")).to_have_count(1)
        await expect(page.locator("aside form")).to_have_count(0)
        await page.locator(f"{ROW} button").click()
        await expect(page.get_by_role("button", name="Aannemen")).to_have_count(0)
        me = await (await page.request.get(f"{url}/api/session")).json()
        answer = await page.request.post(
            f"{url}/api/alarms/aware-000001.1/actions",
            headers={"Origin": url, "X-CSRF-Token": me["csrf"]},
            data={"kind": "accept", "seen_version": 1},
        )
        assert 403 == answer.status
        await page.goto(f"{url}/supervision")
        await expect(page.locator("body")).to_contain_text("not_supervisor")
        await page.goto(url)
        await expect(page.locator(f"section.open {ROW}")).to_contain_text("Openstaand")
