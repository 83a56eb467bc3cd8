"""The page: Dutch, marked, self-contained, and with nothing in it that a browser would run."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from alarm_gateway.adapters.dutch_calendar import dutch_calendar
from alarm_gateway.core.inputs import HeartbeatReceived, Tick
from alarm_gateway.evidence.collect import collect
from alarm_gateway.evidence.page import history_page
from alarm_protocol.households import Household
from alarm_protocol.messages import Accept, Heartbeat, Note
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId
from tests.helpers.evidence import Story, rows_of
from tests.helpers.gateway import DEVICE, NOW_MS, household

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td",
    "pre", "code",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


def page_of(story: Story, console: ConsoleId, home: Household | None = None) -> Reader:
    """Make the page, and read it."""
    found = collect(rows_of(story.records), AlarmId(f"{DEVICE}.1"), console, home)
    reader = Reader()
    reader.feed(history_page(found.evidence, dutch_calendar(NOW_MS)))
    return reader


@pytest.mark.parametrize("console", CONSOLES)
def test_a_page_has_nothing_that_runs_or_loads(console: ConsoleId) -> None:
    """No script, no link, no picture, no handler, whatever people wrote."""
    story = Story()
    story.whole()
    story.press()
    for text in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</pre><iframe>"):
        alarm_id = AlarmId(f"{DEVICE}.1")
        story.act(console, Note, alarm_id, text=text, operator="<i>x</i>")
    page = page_of(story, console, household())
    assert ALLOWED >= page.tags
    assert {"lang", "charset", "http-equiv", "content", "class"} >= page.attributes
    assert "<b>dik</b>" in page.text


def test_a_hostile_household_is_only_text() -> None:
    """What stands in the registry is escaped too."""
    home = msgspec.structs.replace(
        household(),
        police=msgspec.structs.replace(household().police, weapons="<script>x</script>"),
    )
    story = Story()
    story.whole()
    page = page_of(story, "police", home)
    assert "script" not in page.tags
    assert "<script>x</script>" in page.text


def test_synthetic_people_are_marked() -> None:
    """The word stands at the top, and only where it is true."""
    story = Story()
    story.whole()
    assert "SYNTHETISCH" in page_of(story, "police", household()).text
    real = msgspec.structs.replace(
        household(), police=msgspec.structs.replace(household().police, synthetic=False)
    )
    assert "SYNTHETISCH" not in page_of(story, "police", real).text


def test_a_test_is_marked() -> None:
    """A test alarm can never be taken for a real one."""
    story = Story()
    story.press(trigger="test")
    assert "TEST: dit is een testmelding" in page_of(story, "police").text


def test_the_history_is_told_in_dutch_and_dutch_time() -> None:
    """What happened, who did it, and when by the clock on the wall."""
    story = Story()
    story.whole()
    text = page_of(story, "police", household()).text
    for words in (
        "Melding ontstaan", "Geverifieerde druk op de knop", "Aangenomen", "POLICE-Operator",
        "Actie geweigerd: Aangenomen", "POLICE-Operator was eerder", "Eenheid toegewezen",
        "Eenheid ter plaatse", "Echte noodsituatie", "Heropend", "Ontvangen door de console",
        "24-11-2026 07:51:59.000", "Overgedragen", "Plaats: 52.160127, 4.497031 (binnen 12 m)",
        "Signalement: POLICE-Description",
    ):  # fmt: skip
        assert words in text, words
    theirs = page_of(story, "veilig_thuis").text
    for words in ("Voorwaarden en afspraken", "THUIS-Agreement", "Wijkagent, voor een stopgesprek"):
        assert words in theirs, words
        assert words not in text, words


def test_an_agency_reads_when_the_alarm_was_first_on_its_own_screens() -> None:
    """With whose screen it was; the other agency's is none of its business."""
    story = Story()
    alarm_id = story.press()
    story.paint("police", alarm_id, 350, "POLICE-Screen")
    story.paint("veilig_thuis", alarm_id, 350, "THUIS-Screen")
    text = page_of(story, "police", household()).text
    assert "Voor het eerst op een scherm" in text
    assert "POLICE-Screen, 24-11-2026 07:51:59.350" in text
    assert "THUIS-Screen" not in text


def test_every_kind_of_record_has_its_words() -> None:
    """Faults, escalations, and ends of tests are told too."""
    story = Story()
    story.press(trigger="test")
    beat = HeartbeatReceived(DEVICE, Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS, tamper=True))
    story.gateway.take(beat, now_ms=NOW_MS + 1)
    story.gateway.take(Tick(), now_ms=NOW_MS + 61_000)
    story.gateway.take(Tick(), now_ms=NOW_MS + 601_000)
    text = page_of(story, "veilig_thuis").text
    for words in ("Storing aan de knop", "sabotage", "Test verlopen", "geen huishouden bekend"):
        assert words in text
    assert not re.search(r"(?m)^(supervision_changed|expired|escalated)$", text)


def test_a_doubt_and_a_remark_are_told() -> None:
    """An unsigned press that came late."""
    story = Story()
    story.press(signed=False, pressed_at_ms=NOW_MS - 100_000)
    story.act("police", Accept, AlarmId(f"{DEVICE}.1"))
    text = page_of(story, "police").text
    assert "Twijfel: zonder handtekening" in text
    assert "Opmerking: laat aangekomen" in text
    assert "Handtekening: geen" in text
