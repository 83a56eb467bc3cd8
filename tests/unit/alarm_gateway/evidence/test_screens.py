"""The norms report on screens: how long it took until somebody could see an alarm."""

from alarm_gateway.evidence.facts import facts_of
from alarm_gateway.evidence.figures import figures_of
from alarm_gateway.evidence.norms import Figure
from tests.helpers.evidence import Story, rows_of
from tests.helpers.gateway import NOW_MS


def screens(story: Story, who: str) -> list[Figure]:
    """Return the figure of the way to a screen."""
    found = figures_of(facts_of(rows_of(story.records), {}), 0, 2 * NOW_MS, NOW_MS)
    return [one for one in found if "on a screen" in one.norm.what and one.norm.who == who]


def test_the_time_to_a_screen_is_of_an_alarms_first_call() -> None:
    """From open to on a screen, for each console; what was on none is counted in the note."""
    story = Story()
    alarm_id = story.press()
    story.paint("police", alarm_id, 350, "Ans")
    story.paint("police", alarm_id, 350, "Bob")
    (first,) = screens(story, "police")
    assert (1, 350, "") == (first.count, first.longest, first.note)
    (other,) = screens(story, "Veilig Thuis")
    assert (0, "1 calls were on no screen that told so") == (other.count, other.note)
