"""The gateway's life as a console sees it."""

from alarm_protocol.messages import GatewayStatus
from alarm_protocol.units import TimestampMs
from dispatch.core.gateway import GATEWAY_SILENT_MS, GatewayWatch

NOW_MS = 1_795_503_119_000


def status(word: str, at_ms: int = NOW_MS) -> GatewayStatus:
    """Make a status message."""
    return GatewayStatus(status="up" if word == "up" else "down", at_ms=TimestampMs(at_ms))


def test_nothing_heard_is_unknown() -> None:
    """Before the first word, and without a broker, nothing is claimed."""
    assert GatewayWatch().state(NOW_MS) == "unknown"
    heard = GatewayWatch().heard(status("up"), NOW_MS, retained=False)
    assert heard.unheard().state(NOW_MS) == "unknown"
    assert heard.unheard().seen_at_ms == NOW_MS


def test_up_becomes_silent_after_three_missed_words() -> None:
    """A gateway that stops speaking is not up for ever."""
    watch = GatewayWatch().heard(status("up"), NOW_MS, retained=False)
    assert watch.state(NOW_MS + GATEWAY_SILENT_MS) == "up"
    assert watch.state(NOW_MS + GATEWAY_SILENT_MS + 1) == "silent"


def test_down_stays_down() -> None:
    """The last will counts at once, however old it is."""
    watch = GatewayWatch().heard(status("down", 5), NOW_MS, retained=True)
    assert watch.state(NOW_MS) == "down"


def test_an_old_retained_up_is_not_alive() -> None:
    """A broker that kept the word of a dead gateway does not bring it back."""
    watch = GatewayWatch().heard(status("up", NOW_MS - 60_000), NOW_MS, retained=True)
    assert watch.state(NOW_MS) == "silent"
    assert GatewayWatch().heard(status("up", NOW_MS + 9), NOW_MS, retained=True).seen_at_ms == (
        NOW_MS
    )


def test_a_live_word_counts_by_this_machines_clock() -> None:
    """A gateway whose clock is wrong is still alive while it speaks."""
    watch = GatewayWatch().heard(status("up", 5), NOW_MS, retained=False)
    assert watch.state(NOW_MS) == "up"
