"""Both languages of the page: equally complete, switched at once, and remembered."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Page, expect

from tests.integration.console_browser import Server, row
from tests.integration.console_wire import answered, gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

DIFFERENCES = """async () => {
  const [nl, en] = await Promise.all([import("/static/nl.js"), import("/static/en.js")]);
  const found = [];
  const compare = (path, a, b) => {
    if (typeof a !== typeof b || a === null || b === null) found.push(`${path} is of two kinds`);
    else if (typeof a === "function") {
      if (a.length !== b.length) found.push(`${path} takes other values`);
      if (![a, b].every((one) => String(one(2, "x")).trim())) found.push(`${path} says nothing`);
    } else if (typeof a === "object") {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        if (!(key in a) || !(key in b)) found.push(`${path}.${key} is in one language only`);
        else compare(`${path}.${key}`, a[key], b[key]);
      }
    } else if (!a.trim() !== !b.trim()) found.push(`${path} is empty in one language`);
  };
  compare("words", { ...nl }, { ...en });
  return found;
}"""

DUTCH = """async () => {
  const nl = await import("/static/nl.js");
  const en = await import("/static/en.js");
  const data = ["Synthetische Pleger", "Synthetische Bewoner"];
  const shown = data.reduce((text, name) => text.replaceAll(name.toLowerCase(), ""),
    document.getElementById("app").innerText.toLowerCase());
  const pairs = [];
  const walk = (a, b) => Object.keys(a).forEach((key) => {
    if (typeof a[key] === "string" && a[key] !== b[key]) pairs.push(a[key]);
    else if (typeof a[key] === "object") walk(a[key], b[key]);
  });
  walk({ ...nl, languages: {} }, en);
  const whole = (text) => new RegExp(`(^|[\\\\s(:])${text.toLowerCase()}($|[\\\\s.):,;])`, "m");
  return pairs.filter((text) => text.length > 5 && !/[()[\\]?*+.\\\\^$|{}]/.test(text))
    .filter((text) => whole(text).test(shown));
}"""
"""Dutch texts of the catalogue that the page shows."""


async def test_both_catalogues_say_the_same_things(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Every text is there in both languages, takes the same values, and none is empty."""
    await page.goto(server.url)
    for pages in ("", "office-"):
        assert [] == await page.evaluate(DIFFERENCES.replace("/static/", f"/static/{pages}"))


async def test_a_switch_changes_everything_at_once_and_is_remembered(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """No Dutch word stays, half-written text and the chosen alarm do; a reload keeps English."""
    async with gateway_on(mosquitto.url) as gateway:
        view = make_view(status="accepted")
        gateway.on_action = lambda action: answered(view, action, outcome="done")
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await page.locator("aside [data-action=assign_unit] input").fill("HM 21.01")
        await page.get_by_role("button", name="Eenheid toewijzen").click()
        await expect(page.locator("aside .notice")).to_contain_text("uitgevoerd")
        await page.locator("aside details[data-more=note] summary").click()
        await page.locator("aside form[data-action=note] textarea").fill("half geschreven")
        assert [] != await page.evaluate(DUTCH)
        await page.locator("details.operator summary").click()
        await page.locator("[data-language=en]").click()
        await expect(page.locator(f"{row()} button")).to_have_text("Open")
        assert "half geschreven" == await page.locator("aside textarea").first.input_value()
        assert [] == await page.evaluate(DUTCH)
        assert "en" == await page.locator("html").get_attribute("lang")
        await page.reload()
        await expect(page.locator(f"{row()} button")).to_have_text("Open")
        await page.locator("details.operator summary").click()
        await page.locator("[data-language=nl]").click()
        await expect(page.locator(f"{row()} button")).to_have_text("Openen")
