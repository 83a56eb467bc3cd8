"""Answers: found in the timeline of a view, and nowhere else."""

from alarm_protocol.messages import TimelineEntry
from alarm_protocol.units import ActionId
from dispatch.core.answers import Answer, answers_in
from tests.unit.dispatch.views import RAISED_MS, make_view


def test_done_and_refused_actions_are_found_with_who_was_first() -> None:
    """Only entries with an action and an outcome are answers."""
    timeline = (
        TimelineEntry(at_ms=RAISED_MS, kind="raised"),
        TimelineEntry(at_ms=RAISED_MS, kind="note", action_id=ActionId("x")),
        TimelineEntry(at_ms=RAISED_MS, kind="accept", action_id=ActionId("a"), outcome="done"),
        TimelineEntry(
            at_ms=RAISED_MS,
            kind="refused",
            text="already accepted",
            action_id=ActionId("b"),
            outcome="refused",
            acted_by="P. Bakker",
        ),
    )
    assert answers_in(make_view(timeline=timeline)) == (
        Answer(action_id=ActionId("a"), outcome="done"),
        Answer(
            action_id=ActionId("b"),
            outcome="refused",
            text="already accepted",
            acted_by="P. Bakker",
        ),
    )
