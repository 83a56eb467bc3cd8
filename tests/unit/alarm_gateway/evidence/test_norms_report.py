"""The report as a table and as data."""

import json

import msgspec
from rich.console import Console

from alarm_gateway.evidence.facts import facts_of
from alarm_gateway.evidence.norms_report import norms_report, norms_table
from tests.helpers.evidence import Story, rows_of
from tests.helpers.gateway import NOW_MS, OTHER_DEVICE


def story() -> Story:
    """Tell of a real alarm and a test."""
    one = Story()
    one.whole()
    one.press(OTHER_DEVICE, trigger="test")
    return one


def report() -> dict[str, object]:
    """Return the report on it."""
    one = story()
    facts = facts_of(rows_of(one.records), {})
    return norms_report(facts, NOW_MS, one.at_ms + 1, one.at_ms + 1_000_000)


def test_tests_are_counted_apart() -> None:
    """One alarm, one test; two presses and one test press."""
    found = report()
    assert [1, 1, 0, 2, 1, 0] == [
        found[name]
        for name in (
            "alarms", "test_alarms", "alarms_without_press", "presses", "test_presses",
            "purged_rows",
        )
    ]  # fmt: skip


def test_the_data_is_plain_json() -> None:
    """Every value survives JSON, and each figure has its share."""
    found = report()
    again = json.loads(msgspec.json.encode(found))
    assert json.loads(json.dumps(found)) == again
    assert 1.0 == again["figures"][0]["share"]
    assert {"meets", "does not meet", "not measurable", "information"} >= {
        one["verdict"] for one in again["figures"]
    }


def test_the_table_marks_background_norms_and_says_what_was_left_out() -> None:
    """A reader sees at once what is not claimed."""
    console = Console(width=180)
    with console.capture() as captured:
        console.print(norms_table(report()))
    text = captured.get()
    for words in (
        "EN 50518*", "own figure ", "* background: the figure is that of docs/domain.md",
        "left out: 1 test alarms with 1 test presses", "80% ≤ 30.0 s", "not measurable", "meets",
    ):  # fmt: skip
        assert words in text, words
