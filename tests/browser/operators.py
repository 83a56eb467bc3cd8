"""An operator in front of a console of the running chain, and the button that is pressed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Download, Locator, Page, expect

from alarm_gateway.adapters.registry import read_registry
from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import ConsoleId, DeviceId, PressId
from simulator.signin import Login
from simulator.stack import Stack
from tests.helpers.wire import Witness

DEVICE = DeviceId("aware-000001")
ROW = "tr[data-alarm='aware-000001.1']"
FOCUSED = "document.activeElement.closest('a, button, summary')?.textContent"
COMES_BACK_MS = 30_000
"""Longest wait for something that has to reconnect first."""


@asynccontextmanager
async def console(
    browser: Browser, stack: Stack, name: ConsoleId, operator: str = "Ans de Wit"
) -> AsyncIterator[Page]:
    """Open a console's page as an operator; any error on the page fails the test."""
    page = await browser.new_page(viewport={"width": 1280, "height": 720})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(stack.console_urls[name])
    login = next(one for one in stack.logins[name] if one.name == operator)
    await page.locator("input[name=name]").fill(login.name)
    await page.locator("input[name=password]").fill(login.password)
    await page.locator("input[name=password]").press("Enter")
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


def login_of(stack: Stack, name: ConsoleId, person: str) -> Login:
    """Return somebody's name and password at a console."""
    return next(one for one in stack.logins[name] if one.name == person)


async def keys(page: Page, *names: str) -> None:
    """Press keys one after the other."""
    for name in names:
        await page.keyboard.press(name)


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has the focus says this; fail after more than any page holds."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if text in str(await page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"no Tab leads to {text}")


async def sign_in_by_keys(page: Page, url: str, login: Login) -> None:
    """Open a page and sign in by typing alone."""
    await page.goto(url)
    await expect(page.locator("input[name=name]")).to_be_visible()
    await keys(page, "Tab")
    await page.keyboard.type(login.name)
    await keys(page, "Tab")
    await page.keyboard.type(login.password)
    await keys(page, "Enter")
    await expect(page.locator("[data-connection=connected]")).to_be_visible(timeout=COMES_BACK_MS)


async def write_by_mouse(page: Page, field: Locator, text: str) -> None:
    """Point at a field and click; the letters alone are typed."""
    await field.click()
    await page.keyboard.insert_text(text)


async def sign_in_by_mouse(page: Page, url: str, login: Login) -> None:
    """Open a page and sign in by clicks; nothing but the letters is typed."""
    await page.goto(url)
    await write_by_mouse(page, page.locator("input[name=name]"), login.name)
    await write_by_mouse(page, page.locator("input[name=password]"), login.password)
    await page.get_by_role("button", name="Aanmelden").click()
    await expect(page.locator("[data-connection=connected]")).to_be_visible(timeout=COMES_BACK_MS)


@asynccontextmanager
async def blank(browser: Browser) -> AsyncIterator[Page]:
    """Open an empty page in a browser of its own; any error on it fails the test."""
    page = await browser.new_page(viewport={"width": 1280, "height": 720}, locale="nl-NL")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert [] == errors
    await page.close()


async def content_of(download: Download) -> str:
    """Return the text of a file that a page gave."""
    path = await download.path()
    return path.read_text(encoding="utf-8-sig")
