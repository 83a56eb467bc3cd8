"""The page on screens of many widths: nothing that matters is cut, covered or out of reach."""

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Page, expect

from alarm_protocol.messages import AlarmView, OwnTrack
from tests.integration.console_browser import Server, row, serving
from tests.integration.console_wire import gateway_on
from tests.unit.dispatch.views import RAISED_MS, make_press, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

WIDTHS = (390, 768, 960, 961, 1024, 1180, 1280)

FAULTS = """() => {
  const faults = [];
  const boxOf = (element) => element.getBoundingClientRect();
  const named = (element) =>
    `${element.tagName}.${element.className} of ${element.closest("tr")?.dataset.alarm}`;
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  const looked = document.querySelectorAll(".lists td, .lists button, .lists h2, .bar > *");
  for (const element of looked) {
    const box = boxOf(element);
    if (!box.width && element.textContent.trim()) faults.push(`no width: ${named(element)}`);
    const inline = getComputedStyle(element).display === "inline";
    if (element.scrollWidth > element.clientWidth + 1 && !inline)
      faults.push(`cut: ${named(element)} ${element.scrollWidth} > ${element.clientWidth}`);
    const home = boxOf(element.closest(".panel, .bar"));
    if (box.left < home.left - 1 || box.right > home.right + 1)
      faults.push(`outside its panel: ${named(element)}`);
    const cell = element.parentElement.closest("td");
    if (cell && (box.right > boxOf(cell).right + 1 || box.bottom > boxOf(cell).bottom + 1))
      faults.push(`outside its cell: ${named(element)}`);
  }
  for (const line of document.querySelectorAll(".lists tr.row")) {
    const cells = [...line.children].filter((one) => boxOf(one).width && one.textContent.trim());
    cells.forEach((one, index) => cells.slice(index + 1).forEach((other) => {
      const [a, b] = [boxOf(one), boxOf(other)];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1) faults.push(`overlap: ${named(one)} and ${named(other)}`);
    }));
    if (line.closest("section").classList.contains("open") && !line.querySelector("button"))
      faults.push(`no button: ${line.dataset.alarm}`);
  }
  return faults;
}"""


def crowded() -> list[AlarmView]:
    """Make alarms with all that a row may have to hold."""
    doubts = ("unsigned", "sequence_reused")
    late = OwnTrack(escalation_level=2)
    busy = OwnTrack(status="unit_assigned", accepted_by="K. de Boer", units=("HM 21.01",))
    over = OwnTrack(status="closed", disposition="cancelled_by_user", closed_at_ms=RAISED_MS)
    changes: list[dict[str, Any]] = [
        {"own_track": late, "presses": (make_press(trigger="duress"), make_press())},
        {"doubts": doubts, "priority": 2, "own_track": late},
        {"test": True, "priority": 4, "presses": (make_press(trigger="test"),)},
        {"presses": (make_press(trigger="cancel"),), "reasons": ("cancel_without_alarm",)},
        {"household": None, "doubts": ("unknown_device",), "priority": 2},
        {"status": "unit_assigned", "own_track": busy},
        {"status": "closed", "own_track": over},
    ]
    return [make_view(f"aware-{at:06d}.1", **each) for at, each in enumerate(changes, start=1)]


async def test_no_cell_or_button_is_cut_or_covered_at_any_width(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """From a phone to a small control-room screen, each row can be read and its button pressed."""
    async with gateway_on(mosquitto.url) as gateway:
        for view in crowded():
            await gateway.view(view)
        await page.goto(server.url)
        await expect(page.locator("tr.row")).to_have_count(7)
        found = {}
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            await expect(page.locator(row("aware-000001.1"))).to_be_visible()
            found[width] = await page.evaluate(FAULTS)
        assert {width: [] for width in WIDTHS} == found


async def test_the_forms_of_veilig_thuis_have_room_to_write_in(
    mosquitto: "Mosquitto", page: Page
) -> None:
    """At 1280 by 720: the label on one line, the text over the whole width, the button below."""
    form = page.locator("form[data-action=safety_assessment]")
    async with (
        serving(mosquitto.url, "veilig_thuis") as server,
        gateway_on(mosquitto.url) as gateway,
    ):
        await gateway.view(make_view(console="veilig_thuis", status="accepted"))
        await server.admit(page)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        whole, label, text, button = [
            await one.bounding_box()
            for one in (form, form.locator("label span"), form.locator("textarea"),
                        form.locator("button"))
        ]  # fmt: skip
    assert whole
    assert label
    assert text
    assert button
    assert label["height"] < 24
    assert text["width"] > whole["width"] - 4
    assert button["y"] >= text["y"] + text["height"]
