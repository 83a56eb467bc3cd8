"""A thousand alarms on the running chain: two operators race, and each part dies and returns."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from alarm_gateway.adapters.registry import read_registry
from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId, PressId
from simulator import households
from simulator.stack import Stack, StackSettings, running
from tests.browser.conftest import OPERATORS
from tests.browser.operators import COMES_BACK_MS, console
from tests.helpers.wire import Witness, witness

ALARMS = 1_000
RACED = 8
"""On the two pages; all others are raced for by requests, as the pages make them."""
AT_ONCE = 24
"""Actions that wait for their answer at one time; a console takes 64."""
NAMES = ("Ans de Wit", "Bob Bos")
TICK = '"type":"tick"'
ALL = re.compile(rf"^{ALARMS}$")
POLICY = "[times]\naccept_within_s = 3600\nescalate_within_s = 7200\n"
"""Nothing escalates meanwhile: a newer version would hide that an alarm had been lost."""
ACCEPT = """async ([alarms, atOnce]) => {
  const { csrf } = await (await fetch("/api/session")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const body = JSON.stringify({ kind: "accept", seen_version: 1 });
  const asked = { method: "POST", headers, body };
  const answers = {};
  const waiting = [...alarms];
  const work = async () => {
    for (let alarm; (alarm = waiting.pop()); ) {
      const response = await fetch(`/api/alarms/${alarm}/actions`, asked);
      const answer = await response.json();
      answers[alarm] = [response.status, answer.acted_by ?? answer.error ?? null];
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}"""
HELD = """async () => {
  const { alarms } = await (await fetch("/api/alarms")).json();
  return alarms.map(({ alarm_id, verified, view }) => [alarm_id, verified, view.status]);
}"""


@pytest.fixture
async def thousand(tmp_path: Path) -> AsyncIterator[Stack]:
    """Give this test a chain with a thousand households, and an alarm in each."""
    registry = tmp_path / "households.json"
    households.write(households.generate(ALARMS + 1, seed=1), registry)
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    settings = StackSettings(
        data_dir=tmp_path, registry=registry, operators=OPERATORS, policy=policy
    )
    async with running(settings) as stack:
        async with witness(stack.broker_url.port) as someone:
            await press_all(someone, registry, 0, ALARMS)
        yield stack


async def press_all(someone: Witness, registry: Path, first: int, last: int) -> None:
    """Press the buttons of some households once, and wait until each was told `received`."""
    homes = list(read_registry(registry).values())[first:last]
    for home in homes:
        message = Press(
            press_id=PressId("press-1"),
            device_id=home.device_id,
            sequence=1,
            pressed_at_ms=now_ms(),
            trigger="press",
            attempt=1,
        )
        payload = encode_press(message, bytes.fromhex(home.device_key_hex))
        await someone.publish(topics.press(home.device_id), payload)
    await someone.until(
        lambda: all(someone.feedback(home.device_id) for home in homes), "feedback for all"
    )


def alarms_of(stack: Stack, count: int = ALARMS) -> list[AlarmId]:
    """Return the alarms of the first households."""
    devices = list(read_registry(stack.settings.registry))[:count]
    return [AlarmId(f"{device}.1") for device in devices]


async def shows_all(page: Page, count: int = ALARMS) -> None:
    """Wait until the page has every alarm in its queue."""
    await expect(page.locator("section.open .count")).to_have_text(
        str(count), timeout=COMES_BACK_MS
    )


async def clicked_at_once(one: Page, other: Page, alarm_id: AlarmId) -> list[str]:
    """Let both operators press 'Aannemen' of one alarm; return what each page says then."""
    pages = (one, other)
    row = f"tr[data-alarm='{alarm_id}']"
    buttons = [page.locator(f"section.open {row} [data-action=accept]") for page in pages]
    await asyncio.gather(*(button.click() for button in buttons))
    notices = [page.locator(f"{row} .notice") for page in pages]
    for notice in notices:
        await expect(notice).to_be_visible(timeout=COMES_BACK_MS)
    return [await notice.inner_text() for notice in notices]


@pytest.mark.timeout(300)
async def test_two_operators_race_for_a_thousand_alarms(thousand: Stack, chromium: Browser) -> None:
    """Each alarm is accepted once; whoever comes second reads or is told who was first."""
    alarms = alarms_of(thousand)
    deaf = False

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(
            lambda message: None if deaf and TICK not in str(message) else socket.send(message)
        )

    async with (
        console(chromium, thousand, "police", NAMES[0]) as one,
        console(chromium, thousand, "police", NAMES[1]) as other,
    ):
        for page in (one, other):
            await page.route_web_socket(re.compile("/ws$"), carry)
            await page.reload()
            await shows_all(page)
        # From now on neither page hears what the other does, so both press.
        deaf = True
        rows = one.locator("section.open tr.row")
        first = [
            AlarmId(await rows.nth(at).get_attribute("data-alarm") or "") for at in range(RACED)
        ]
        for alarm_id in first:
            said = await clicked_at_once(one, other, alarm_id)
            winner = [text.startswith("Geweigerd") for text in said].index(False)
            told = f"Geweigerd: {NAMES[winner]} was eerder. De melding is nu: aangenomen."
            assert told == said[1 - winner]
        rest = [alarm_id for alarm_id in alarms if alarm_id not in first]
        answers = await asyncio.gather(
            one.evaluate(ACCEPT, [rest, AT_ONCE]), other.evaluate(ACCEPT, [rest[::-1], AT_ONCE])
        )
        for alarm_id in rest:
            got = [answer[alarm_id] for answer in answers]
            winner = [status for status, _ in got].index(200)
            assert [409, NAMES[winner]] == got[1 - winner]
        deaf = False
        for page in (one, other):
            await page.reload()
            await expect(page.locator("section.progress .count")).to_have_text(ALL)
            held = {alarm_id: status for alarm_id, _, status in await page.evaluate(HELD)}
            assert dict.fromkeys(alarms, "accepted") == held


@pytest.mark.timeout(300)
async def test_a_thousand_alarms_outlive_each_part(thousand: Stack, chromium: Browser) -> None:
    """Server, broker and gateway are killed in turn; the page is whole again and nothing is lost.

    While a part is away the page goes on showing what it knows, and says so.
    """
    assert thousand.broker is not None
    async with console(chromium, thousand, "police") as page:
        await shows_all(page)
        parts = (thousand.consoles["police"], thousand.broker, thousand.gateway)
        for part in parts:
            part.kill()
            await expect(page.locator("[data-connection=connected]")).to_have_count(
                0, timeout=COMES_BACK_MS
            )
            await expect(page.locator(".banner").first).to_be_visible()
            await expect(page.locator("section.open .count")).to_have_text(ALL)
            await expect(page.locator("section.open tr.row")).to_have_count(50)
            await part.start()
            await expect(page.locator("[data-connection=connected]")).to_be_visible(
                timeout=COMES_BACK_MS
            )
            await expect(page.locator(".banner")).to_have_count(0, timeout=COMES_BACK_MS)
            await shows_all(page)
            held = {alarm_id: verified for alarm_id, verified, _ in await page.evaluate(HELD)}
            assert dict.fromkeys(alarms_of(thousand), True) == held
        async with witness(thousand.broker_url.port) as someone:
            await press_all(someone, thousand.settings.registry, ALARMS, ALARMS + 1)
        await shows_all(page, ALARMS + 1)
