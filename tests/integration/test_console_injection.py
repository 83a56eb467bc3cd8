"""Text that would be code, in every field that reaches a page: it is shown, and it is only text."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.households import Address, Member, Offender
from alarm_protocol.messages import AlarmView, AnswerTimes, OwnTrack, TimelineEntry
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, TimestampMs
from tests.integration.console_browser import Server, row, serving
from tests.integration.console_wire import Gateway, gateway_on, until
from tests.integration.test_console_supervision import SEF
from tests.unit.dispatch.core.test_overview import SAMPLE, make_overview
from tests.unit.dispatch.views import (
    POLICE_HOUSEHOLD,
    RAISED_MS,
    VEILIG_THUIS_HOUSEHOLD,
    make_view,
)

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

TEXTS = (
    '<img src=x onerror="window.hit=1">',
    "</td><script>window.hit=1</script>",
    '"onmouseover="window.hit=1" x="',
    "'><svg onload=window.hit=1>",
    "${window.hit=1}{{window.hit=1}}",
    "javascript:window.hit=1//",
    "\u202etxt.exe\u2066\u200f\u0301\u200d",
    "W" * 160,
)
"""Markup, attributes, templates, addresses, marks that turn the writing, and one endless word."""
NAME_CHARS, TEXT_CHARS = 80, 170
WATCH = """
window.reports = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  reports.push(`${violatedDirective} ${blockedURI}`));
"""
HARM = """() => ({
  hit: window.hit ?? null,
  reports: window.reports,
  made: [...document.querySelectorAll(
    "body img, body script, body iframe, body object, [onerror], [onload], [onmouseover], " +
    "a[href^='javascript:'], #app svg:not([viewBox])",
  )].map((one) => one.outerHTML.slice(0, 200)),
  wide: [...document.querySelectorAll("html, main, .lists, aside, .map, article")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.tagName} ${one.scrollWidth} > ${one.clientWidth}`),
})"""
HARMLESS: dict[str, object] = {"hit": None, "reports": [], "made": [], "wide": []}


@dataclass(frozen=True, slots=True)
class Hostile:
    """An alarm whose every text is one of `TEXTS`, and what has to be read on its pages."""

    view: AlarmView
    told: tuple[str, ...]


def hostile(number: int, text: str, console: ConsoleId) -> Hostile:
    """Make an alarm; each field begins with its own name, to tell them apart."""
    told: list[str] = []

    def of(name: str, chars: int = NAME_CHARS) -> str:
        told.append(f"{name} {text}"[:chars])
        return told[-1]

    household = of_police(of) if console == "police" else of_veilig_thuis(of)
    own: dict[str, Any] = {
        "status": "accepted",
        "accepted_by": of("by"),
        "units": (of("unit"), of("second")),
        "assessment": of("assessed", TEXT_CHARS),
        "conditions": of("agreed", TEXT_CHARS),
        "handed_over_to": of("handed"),
        "close_reason": of("why", TEXT_CHARS),
    }
    entries = (
        TimelineEntry(at_ms=RAISED_MS, kind="note", operator=of("op"), text=of("note", TEXT_CHARS)),
        TimelineEntry(at_ms=RAISED_MS, kind="refer", text=f"wijkagent: {of('asked', TEXT_CHARS)}"),
        TimelineEntry(at_ms=RAISED_MS, kind="hand_over", text=of("passed", TEXT_CHARS)),
        TimelineEntry(at_ms=RAISED_MS, kind=of("kind", 40)),
    )
    view = make_view(
        f"aware-{number:06d}.2",
        console=console,
        household=household,
        own_track=OwnTrack(**own),
        status="accepted",
        reasons=(of("reason", 60),),
        timeline=entries,
        raised_at_ms=RAISED_MS + number,
    )
    return Hostile(view, tuple(told))


def of_police(of: Any) -> Any:
    """Make what the police know of a home."""
    return structs.replace(
        POLICE_HOUSEHOLD,
        resident=of("resident"),
        municipality=of("town"),
        address=Address(
            street=of("street"), number=of("n", 10), postcode="2312 AB", place=of("place")
        ),
        offender=Offender(
            name=of("offender"),
            description=of("looks", TEXT_CHARS),
            vehicle=of("car", TEXT_CHARS),
        ),
        weapons=of("weapons", TEXT_CHARS),
        route_notes=of("route", TEXT_CHARS),
        location_agreement=of("aol", TEXT_CHARS),
    )


def of_veilig_thuis(of: Any) -> Any:
    """Make what Veilig Thuis knows of a home."""
    return structs.replace(
        VEILIG_THUIS_HOUSEHOLD,
        case_reference=of("case"),
        resident=of("resident"),
        municipality=of("town"),
        members=(Member(name=of("member"), role=of("role", 40), birth_year=2017),),
        relation_to_stalker=of("relation"),
        signals=(of("signal", TEXT_CHARS),),
        safety_plan=of("plan", TEXT_CHARS),
    )


async def harmless(page: Page, where: str) -> None:
    """Check that nothing on this page became more than text, nor pushed the page apart."""
    assert (where, HARMLESS) == (where, await page.evaluate(HARM))


async def reads(page: Page, selector: str, told: tuple[str, ...]) -> None:
    """Check that each text is read on a part of the page as it was written."""
    text = await page.locator(selector).text_content()
    assert text is not None
    assert [] == [one for one in told if one not in text]


async def queue_and_details(page: Page, server: Server, alarms: list[Hostile]) -> None:
    """Open every alarm in the queue, with all that can be unfolded, and point at it."""
    await page.goto(server.url)
    for one in alarms:
        line = page.locator(row(one.view.alarm_id))
        await line.locator(".c-where").click()
        await expect(page.locator(f"[data-detail='{one.view.alarm_id}']")).to_be_visible()
        await page.locator("aside details").evaluate_all(
            "folds => folds.forEach((fold) => (fold.open = true))"
        )
        await page.locator("aside dd").first.hover()
        await reads(page, "aside", one.told)
        await expect(page.locator("aside [data-earlier='1'] li")).to_have_count(1)
        await reads(page, "aside", (f"earlier {one.told[0]}"[:NAME_CHARS],))
        await harmless(page, f"detail {one.told[0]}")
    await harmless(page, "queue")
    if server.desk.console == "police":
        await page.locator(".map summary").click()
        await expect(page.locator(".map svg")).to_be_visible()
        await reads(page, ".map", tuple(one.told[2] for one in alarms))
        await harmless(page, "map")


async def history_and_incidents(page: Page, server: Server, alarms: list[Hostile]) -> None:
    """Read the closed ones in the list and whole, and ask for hostile texts."""
    await page.goto(f"{server.url}history")
    await expect(page.locator("tbody tr")).to_have_count(2 * len(alarms))
    await reads(page, "tbody", tuple(f"closer {one}"[:NAME_CHARS] for one in TEXTS))
    await harmless(page, "history")
    for text in TEXTS:
        asked = {"device": text[:NAME_CHARS], "municipality": text[:NAME_CHARS], "from": text}
        await page.goto(f"{server.url}history?{urlencode(asked)}")
        await expect(page.locator("[data-warning]")).to_be_visible()
        await expect(page.locator("input[name=device]")).to_have_value(text[:NAME_CHARS])
        await harmless(page, f"asked for {text}")
        await page.goto(f"{server.url}incident?{urlencode({'alarm': text, 'raised': text})}")
        await expect(page.locator("main h1 + .quiet")).to_be_visible()
        await harmless(page, f"incident {text}")
    for one in alarms:
        alarm = one.view.alarm_id
        await page.goto(f"{server.url}incident?alarm={alarm}")
        await reads(page, "article.incident", one.told)
        await harmless(page, f"incident {alarm}")


async def supervised(page: Page, server: Server, gateway: Gateway, console: ConsoleId) -> None:
    """Read escalations and what could not be read, with hostile topics, reasons and bytes."""
    server.book.put(SEF, "supervisor")
    await server.admit(page, SEF)
    samples = tuple(
        structs.replace(
            SAMPLE,
            topic=f"aware/v1/devices/{text}/press",
            reason=text,
            begin_hex=text.encode()[:64].hex(),
        )
        for text in TEXTS[:4]
    )
    # Of a device's bytes Veilig Thuis learns nothing; of what it sent itself, all.
    samples = (structs.replace(samples[0], topic=topics.actions(console)), *samples[1:])
    answers = tuple(
        AnswerTimes(norm=text, limit_ms=30_000, required_permille=800, count=5, within=5)
        for text in TEXTS[:2]
    )
    overview = make_overview(console=console, answers=answers, device_counts={TEXTS[0]: 3})
    await gateway.raw(topics.overview(console), encode(structs.replace(overview, samples=samples)))
    await page.goto(f"{server.url}supervision")
    await expect(page.locator("[data-begin]")).to_have_count(4 if console == "police" else 1)
    await reads(page, ".counters", TEXTS[:4])
    await reads(page, ".answers", TEXTS[:2])
    await expect(page.locator("[data-begin]").first).to_have_text(TEXTS[0])
    await harmless(page, "supervision")


@pytest.mark.parametrize("console", CONSOLES)
async def test_no_text_of_a_home_a_colleague_or_a_device_is_ever_code(
    mosquitto: "Mosquitto", page: Page, console: ConsoleId
) -> None:
    """On the queue, each detail, the map, supervision, history and each incident page."""
    alarms = [hostile(number, text, console) for number, text in enumerate(TEXTS, start=1)]
    await page.add_init_script(WATCH)
    async with serving(mosquitto.url, console) as server, gateway_on(mosquitto.url) as gateway:
        await server.admit(page)
        for one in alarms:
            before = one.view.alarm_id.replace(".2", ".1")
            ended = OwnTrack(status="closed", close_reason=f"earlier {one.told[0]}"[:NAME_CHARS])
            earlier = structs.replace(
                one.view,
                alarm_id=AlarmId(before),
                status="closed",
                own_track=ended,
                raised_at_ms=TimestampMs(one.view.raised_at_ms - 60_000),
            )
            await gateway.view(earlier)
            await gateway.view(one.view)
        await until(lambda: len(gateway.confirmed) >= 2 * len(alarms), "confirmations")
        await queue_and_details(page, server, alarms)
        await supervised(page, server, gateway, console)
        gateway.confirmed.clear()
        for one, text in zip(alarms, TEXTS, strict=True):
            own = structs.replace(
                one.view.own_track, status="closed", closed_by=f"closer {text}"[:NAME_CHARS]
            )
            await gateway.view(structs.replace(one.view, version=9, status="closed", own_track=own))
        await until(lambda: len(gateway.confirmed) >= len(alarms), "confirmations")
        await server.admit(page)
        await history_and_incidents(page, server, alarms)
