#!/usr/bin/env python3
"""Take the screenshots of docs/screens/ anew, from the whole running chain with synthetic people.

Run it as `python tools/make_screens.py`; it needs Chromium, and Mosquitto where there is one.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import aiomqtt
from playwright.async_api import Browser, Page, async_playwright

from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.households import Household
from alarm_protocol.messages import Heartbeat, Press, Trigger
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import POLICE, VEILIG_THUIS, ConsoleId, PressId
from simulator import households
from simulator.stack import Stack, StackSettings, running

OUT = Path(__file__).resolve().parents[1] / "docs" / "screens"
OPERATOR = "Ans de Wit"
SUPERVISOR = "Sef de Groot"
SCREEN = (1280, 800)
PHONE = (390, 844)
WALL = (2560, 1440)
TRIGGERS: tuple[Trigger, ...] = ("press", "duress", "hold", "press", "cancel", "test")
WAIT_MS = 30_000
ACT = """async ([alarm, fields]) => {
  const { csrf } = await (await fetch("/api/session")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const body = JSON.stringify(fields);
  await fetch(`/api/alarms/${alarm}/actions`, { method: "POST", headers, body });
}"""
"""Acts on an alarm as the page does, without its forms."""


def row(number: int) -> str:
    """Select the line of the first alarm of a device."""
    return f"tr[data-alarm='aware-{number:06d}.1']"


async def press_all(stack: Stack, homes: tuple[Household, ...]) -> None:
    """Press one button of each kind; the fourth without a signature."""
    async with aiomqtt.Client(
        stack.broker_url.host, stack.broker_url.port, protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        for number, (home, trigger) in enumerate(zip(homes, TRIGGERS, strict=False), start=1):
            press = Press(
                press_id=PressId(f"screen-{number}"),
                device_id=home.device_id,
                sequence=1,
                pressed_at_ms=now_ms(),
                trigger=trigger,
                attempt=1,
            )
            key = bytes.fromhex(home.device_key_hex)
            payload = encode_press(press, key)
            if number == 4:  # noqa: PLR2004 - the one with doubts
                payload = payload.split(b"\n")[0]
            await client.publish(topics.press(home.device_id), payload, qos=1)
        await out_of_order(client, homes)


async def out_of_order(client: aiomqtt.Client, homes: tuple[Household, ...]) -> None:
    """Let a device report what is wrong with it, and send what nobody can read."""
    last = homes[-1].device_id
    beat = Heartbeat(device_id=last, sent_at_ms=now_ms(), battery_pct=7, tamper=True)
    await client.publish(topics.heartbeat(last), encode(beat))
    for payload in (b'{"press_id": <script>\xff\x00', b"\x16\x03\x01 niet van ons"):
        await client.publish(topics.press(homes[0].device_id), payload, qos=1)


async def sign_in(
    browser: Browser,
    stack: Stack,
    name: ConsoleId,
    size: tuple[int, int] = SCREEN,
    who: str = OPERATOR,
) -> Page:
    """Open a console's page and sign in."""
    page = await browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        locale="nl-NL",
        color_scheme="light",
        reduced_motion="reduce",
    )
    await page.goto(stack.console_urls[name])
    await page.wait_for_selector("input[name=password]")
    if size == SCREEN and who == OPERATOR:
        await shoot(page, f"{name}-sign-in")
    login = next(one for one in stack.logins[name] if one.name == who)
    await page.fill("input[name=name]", login.name)
    await page.fill("input[name=password]", login.password)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-connection=connected]", timeout=WAIT_MS)
    await page.wait_for_selector(row(len(TRIGGERS)), timeout=WAIT_MS)
    return page


async def shoot(page: Page, name: str, *, full: bool = False) -> None:
    """Keep what the page shows now; `full` also keeps what is below the edge of the screen."""
    await page.screenshot(path=OUT / f"{name}.png", full_page=full)
    sys.stdout.write(f"docs/screens/{name}.png\n")


async def act(page: Page, kind: str, **fields: str) -> None:
    """Fill a form of the detail and send it; wait until it is done."""
    form = page.locator(f"form[data-action={kind}]")
    for name, value in fields.items():
        await form.locator(f"[name={name}]").fill(value)
    async with page.expect_response("**/actions") as answer:
        await form.locator("button[type=submit]").click()
    await (await answer.value).finished()


async def police(browser: Browser, stack: Stack) -> None:
    """The control room: sign-in, queue, work, dark, English, narrow, and a lost server."""
    page = await sign_in(browser, stack, POLICE)
    await page.click("[data-press=start]")
    await page.click(f"{row(2)} .c-where")
    await shoot(page, "police-queue")
    await page.emulate_media(color_scheme="dark")
    await shoot(page, "police-queue-dark")
    await page.emulate_media(color_scheme="light")
    await page.click(f"{row(1)} .c-where")
    await act(page, "accept")
    await page.wait_for_selector("form[data-action=assign_unit] .units")
    await shoot(page, "police-assign")
    unit = await page.locator(".units button").first.inner_text()
    await act(page, "assign_unit", unit=unit)
    await page.wait_for_selector("form[data-action=arrive]")
    await page.mouse.move(1, 1)
    await page.click(".map summary")
    await page.wait_for_selector(".map svg")
    await shoot(page, "police-map")
    await page.click(".map summary")
    await page.click("details.operator summary")
    await page.click("[data-language=en]")
    await shoot(page, "police-english")
    await page.click("[data-press=help]")
    await shoot(page, "police-keys")
    await page.close()
    narrow = await sign_in(browser, stack, POLICE, PHONE)
    await shoot(narrow, "police-narrow")
    await narrow.close()
    wide = await sign_in(browser, stack, POLICE, WALL)
    await wide.click(f"{row(2)} .c-where")
    await wide.wait_for_selector(".map svg")
    await shoot(wide, "police-wide")
    await wide.emulate_media(color_scheme="dark")
    await shoot(wide, "police-wide-dark")
    await wide.close()


async def supervision(browser: Browser, stack: Stack) -> None:
    """The supervisor's page, with something wrong everywhere."""
    page = await sign_in(browser, stack, POLICE, who=SUPERVISOR)
    await shoot(page, "police-supervisor-queue")
    await page.goto(f"{stack.console_urls[POLICE]}/supervision")
    await page.wait_for_selector("[data-begin]", timeout=WAIT_MS)
    await page.wait_for_selector(".escalations tbody tr", timeout=2 * WAIT_MS)
    await shoot(page, "police-supervision", full=True)
    await page.emulate_media(color_scheme="dark")
    await page.click("[data-language=en]")
    await page.wait_for_selector("[data-language=en][aria-pressed=true]")
    await shoot(page, "police-supervision-english-dark", full=True)
    await page.emulate_media(color_scheme="light")
    await page.click("[data-language=nl]")
    for number, code in ((2, "genuine"), (3, "mispress"), (6, "test")):
        for fields in (
            {"kind": "accept"},
            {"kind": "close", "disposition": code, "reason": "Gesproken met de bewoner"},
        ):
            await page.evaluate(ACT, [f"aware-{number:06d}.1", fields])
    await page.goto(f"{stack.console_urls[POLICE]}/history")
    await page.wait_for_selector("tbody tr", timeout=WAIT_MS)
    await shoot(page, "police-history")
    await page.emulate_media(color_scheme="dark")
    await page.click("[data-language=en]")
    await page.wait_for_selector("[data-language=en][aria-pressed=true]")
    await shoot(page, "police-history-english-dark")
    await page.click("[data-language=nl]")
    await page.emulate_media(color_scheme="light")
    await page.get_by_role("link", name="aware-000002.1").click()
    await page.wait_for_selector("article.incident", timeout=WAIT_MS)
    await shoot(page, "police-incident", full=True)
    await page.emulate_media(media="print")
    await shoot(page, "police-incident-print", full=True)
    await page.close()


async def veilig_thuis(browser: Browser, stack: Stack) -> None:
    """Veilig Thuis: a case that was accepted, and then a server that is gone."""
    page = await sign_in(browser, stack, VEILIG_THUIS)
    await page.click(f"{row(1)} .c-where")
    await act(page, "accept")
    await page.wait_for_selector("form[data-action=safety_assessment]")
    await shoot(page, "veilig-thuis-case")
    await act(page, "safety_assessment", text="Acuut onveilig: de ex-partner kent de adressen.")
    await page.wait_for_selector(f"{row(1)} .state:has-text('Beoordeeld')")
    await shoot(page, "veilig-thuis-assessed")
    for fields in (
        {"kind": "accept"},
        {"kind": "close", "disposition": "genuine", "reason": "Gesproken met de bewoner"},
    ):
        await page.evaluate(ACT, ["aware-000003.1", fields])
    url = stack.console_urls[VEILIG_THUIS]
    await page.goto(f"{url}/history")
    await page.wait_for_selector("tbody tr", timeout=WAIT_MS)
    await shoot(page, "veilig-thuis-history")
    await page.get_by_role("link", name="aware-000003.1").click()
    await page.wait_for_selector("article.incident", timeout=WAIT_MS)
    await shoot(page, "veilig-thuis-incident", full=True)
    await page.goto(url)
    await page.click(f"{row(1)} .c-where", timeout=WAIT_MS)
    stack.consoles[VEILIG_THUIS].kill()
    await page.wait_for_selector("[data-connection=lost]", timeout=WAIT_MS)
    await shoot(page, "veilig-thuis-lost")


async def main() -> None:
    """Start the chain, press, and look at both consoles."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("make_screens: there is no Chromium; install it (apt-get install chromium)")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = folder / "households.json"
        made = households.generate(len(TRIGGERS), seed=7)
        households.write(made, registry)
        settings = StackSettings(
            data_dir=folder,
            registry=registry,
            operators=(OPERATOR,),
            supervisors=(SUPERVISOR,),
        )
        async with running(settings) as stack, async_playwright() as playwright:
            await press_all(stack, tuple(made.households))
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox"]
            )
            await police(browser, stack)
            await supervision(browser, stack)
            await veilig_thuis(browser, stack)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
