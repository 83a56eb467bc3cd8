"""Whole flows by the keyboard alone, from the door on, on the running chain."""

from playwright.async_api import Browser, Page, expect

from simulator.stack import Stack
from tests.browser.operators import (
    ROW,
    blank,
    content_of,
    keys,
    login_of,
    press,
    sign_in_by_keys,
    tab_to,
    told,
)
from tests.helpers.wire import witness


async def send(page: Page, *texts: str) -> None:
    """Type into the fields of a form, one after the other, and go to its button and press it."""
    for text in texts:
        await page.keyboard.type(text)
        await keys(page, "Tab")
    await keys(page, "Enter")


async def done(page: Page, what: str) -> None:
    """Wait until the page says that an action was done."""
    await expect(page.locator("aside .notice.good")).to_contain_text(what)


async def test_veilig_thuis_works_a_case_by_keys_alone(chain: Stack, chromium: Browser) -> None:
    """Sign in, choose, accept, assess, agree, refer, hand over and close, without a mouse."""
    login = login_of(chain, "veilig_thuis", "Veerle Smit")
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await press(someone, chain.settings.registry)
        await sign_in_by_keys(page, chain.console_urls["veilig_thuis"], login)
        await expect(page.locator(ROW)).to_be_visible()
        await keys(page, "j", "a")
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible()
        await done(page, "Aannemen")
        await keys(page, "b")
        await send(page, "Acuut onveilig, moeder bij zus")
        await expect(page.locator(ROW)).to_contain_text("Beoordeeld")
        await done(page, "Beoordeling vastleggen")
        await keys(page, "Escape", "v")
        await send(page, "Geen contact tot maandag")
        await done(page, "Afspraken vastleggen")
        await keys(page, "Escape", "w")
        await send(page, "Wijk", "Ex-partner belt nog")
        await done(page, "Verwijzen")
        await keys(page, "Escape", "o")
        await send(page, "Lokaal team Leiden", "Casusregisseur belt morgen")
        await expect(page.locator(ROW)).to_contain_text("Overgedragen")
        await done(page, "Overdragen")
        await keys(page, "Escape", "x")
        await send(page, "Echte", "Overgedragen, geen taak meer")
        await expect(page.locator("section.closed")).to_contain_text("Echte noodsituatie")
        log = page.locator("aside .log").last
        for text in ("Acuut onveilig", "tot maandag", "belt nog", "belt morgen", "geen taak meer"):
            await expect(log).to_contain_text(text)
        await expect(log).to_contain_text("door Veerle Smit")


async def test_the_police_work_an_alarm_by_keys_alone(chain: Stack, chromium: Browser) -> None:
    """Sign in, choose, accept, send a unit, arrive, note, close and reopen, without a mouse."""
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await press(someone, chain.settings.registry)
        login = login_of(chain, "police", "Ans de Wit")
        await sign_in_by_keys(page, chain.console_urls["police"], login)
        await expect(page.locator(ROW)).to_be_visible()
        await keys(page, "j", "a")
        await told(someone, "accepted")
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible()
        await done(page, "Aannemen")
        await keys(page, "e")
        await page.keyboard.type("HM 21.01")
        await keys(page, "Enter")
        await told(someone, "unit_assigned")
        await expect(page.locator(ROW)).to_contain_text("Eenheid toegewezen")
        await done(page, "Eenheid toewijzen")
        await keys(page, "Escape", "p")
        await told(someone, "on_scene")
        # One action at a time on an alarm: the page has to have heard of it too.
        await done(page, "Ter plaatse")
        await keys(page, "n")
        await send(page, "Bewoner aangesproken")
        await done(page, "Notitie")
        await keys(page, "Escape", "x")
        await send(page, "Per ongeluk", "Kat op de knop")
        await expect(page.locator("section.closed")).to_contain_text("Per ongeluk ingedrukt")
        await done(page, "Afsluiten")
        await tab_to(page, "Heropenen")
        await keys(page, "Enter", "Tab")
        await send(page, "Toch niet de kat")
        await expect(page.locator(f"section.progress {ROW}")).to_contain_text("Aangenomen")


async def test_a_supervisor_exports_by_keys_alone(chain: Stack, chromium: Browser) -> None:
    """From the door to the page, to the bytes that nobody could read, and to the CSV file."""
    login = login_of(chain, "police", "Sef de Groot")
    async with witness(chain.broker_url.port) as someone, blank(chromium) as page:
        await someone.publish("aware/v1/devices/aware-000001/press", b"<b>geen druk\xff")
        await sign_in_by_keys(page, chain.console_urls["police"], login)
        await keys(page, "F6", "Enter")
        await tab_to(page, "Toezicht")
        await keys(page, "Enter")
        await expect(page.locator("h1")).to_have_text("Toezicht")
        await expect(page.locator("[data-begin]").first).to_have_text(r"<b>geen druk\xff")
        async with page.expect_download() as download:
            await tab_to(page, "CSV downloaden")
            await keys(page, "Enter")
        assert r"<b>geen druk\xff" in await content_of(await download.value)
