"""The account of a run: what is lost, doubled and untold is found."""

from alarm_protocol.messages import (
    AlarmView,
    Deadlines,
    Feedback,
    FeedbackStatus,
    OtherTrack,
    OwnTrack,
    TrackStatus,
    ViewPress,
)
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId, TimestampMs
from simulator.core.ledger import Ledger

DEVICE = DeviceId("aware-000001")
AT = TimestampMs(0)


def view(
    *presses: str,
    alarm: str = "aware-000001.1",
    status: TrackStatus = "open",
    count: int | None = None,
) -> AlarmView:
    """Make a view that shows these presses."""
    return AlarmView(
        alarm_id=AlarmId(alarm),
        version=1,
        console="police",
        device_id=DEVICE,
        priority=1,
        test=False,
        status=status,
        reasons=(),
        doubts=(),
        remarks=(),
        raised_at_ms=AT,
        journaled_at_ms=AT,
        deadlines=Deadlines(),
        press_count=len(presses) if count is None else count,
        presses=tuple(
            ViewPress(
                press_id=PressId(name),
                sequence=1,
                trigger="press",
                pressed_at_ms=AT,
                received_at_ms=AT,
            )
            for name in presses
        ),
        household=None,
        own_track=OwnTrack(status=status),
        other_track=OtherTrack(status="open"),
        timeline=(),
    )


def feedback(name: str, status: FeedbackStatus, alarm: str = "aware-000001.1") -> Feedback:
    """Make feedback on a press."""
    return Feedback(press_id=PressId(name), alarm_id=AlarmId(alarm), status=status, at_ms=AT)


def pressed(*names: str) -> Ledger:
    """Make a ledger with these presses, made at second 1."""
    ledger = Ledger()
    for name in names:
        ledger.pressed(PressId(name), DEVICE, 1_000_000)
    return ledger


def show(ledger: Ledger, shown: AlarmView, *consoles: ConsoleId) -> None:
    """Show a view on these consoles, or on both, 5 ms after the press."""
    for console in consoles or CONSOLES:
        ledger.viewed(console, shown, 1_005_000)


def answered(ledger: Ledger, name: str) -> None:
    """Answer a press as received after 2 ms and as accepted after 300 ms."""
    ledger.answered(feedback(name, "received"), 1_002_000)
    ledger.answered(feedback(name, "accepted"), 1_300_000)


def test_a_clean_run() -> None:
    """Seen on both consoles, answered and accepted: nothing lost, and the times are told."""
    ledger = pressed("p1")
    assert not ledger.is_settled()
    show(ledger, view("p1", status="accepted"))
    answered(ledger, "p1")
    account = ledger.account()
    assert ledger.is_settled()
    assert account.clean
    assert (account.lost, account.duplicated, account.received, account.accepted) == (0, 0, 1, 1)
    assert round(account.consoles["police"].latency.p50_ms) == 5
    assert round(account.received_latency.p99_ms) == 2
    assert round(account.accepted_latency.max_ms) == 300


def test_no_press_is_no_clean_run() -> None:
    """A run that pressed nothing has shown nothing."""
    assert not Ledger().account().clean


def test_a_press_missing_on_one_console_is_lost() -> None:
    """A press that only one console shows is lost on the other."""
    ledger = pressed("p1")
    show(ledger, view("p1"), "police")
    answered(ledger, "p1")
    account = ledger.account()
    assert (account.consoles["police"].lost, account.consoles["veilig_thuis"].lost) == (0, 1)
    assert not account.clean
    assert not ledger.is_settled()


def test_an_unanswered_press_is_lost() -> None:
    """A device that is told nothing counts as a loss, though both consoles show its press."""
    ledger = pressed("p1")
    show(ledger, view("p1"))
    account = ledger.account()
    assert (account.unanswered, account.lost, account.clean) == (1, 1, False)


def test_an_accept_that_the_device_never_hears_is_lost() -> None:
    """When an operator took the alarm and the device was not told, that is a loss."""
    ledger = pressed("p1")
    show(ledger, view("p1", status="closed"), "police")
    show(ledger, view("p1"), "veilig_thuis")
    ledger.answered(feedback("p1", "received"), 1_002_000)
    account = ledger.account()
    assert (account.untold, account.lost, account.clean) == (1, 1, False)


def test_two_alarms_for_one_press_are_double() -> None:
    """One press that made two alarms is found, on each console that shows both."""
    ledger = pressed("p1")
    show(ledger, view("p1"))
    show(ledger, view("p1", alarm="aware-000001.2"))
    assert ledger.account().duplicated == 2


def test_a_press_twice_in_one_alarm_is_double() -> None:
    """One press listed twice is found."""
    ledger = pressed("p1")
    show(ledger, view("p1", "p1"), "police")
    assert ledger.account().consoles["police"].duplicated >= 1


def test_a_count_above_the_presses_is_double() -> None:
    """A repeat that was counted as a press of its own is found by the count."""
    ledger = pressed("p1")
    show(ledger, view("p1", count=3), "police")
    assert ledger.account().consoles["police"].duplicated == 2


def test_presses_of_others_are_not_ours() -> None:
    """An alarm that holds presses from before the run is not taken for doubled."""
    ledger = pressed("p1")
    show(ledger, view("earlier", "p1", count=7))
    show(ledger, view("other", alarm="aware-000002.1"))
    account = ledger.account()
    assert account.duplicated == 0
    assert account.consoles["police"].alarms == 1


def test_the_same_view_again_changes_nothing() -> None:
    """Views are state: seeing one twice, or a newer one that still has the press, is no double."""
    ledger = pressed("p1", "p2")
    for shown in (view("p1"), view("p1"), view("p1", "p2"), view("p1", "p2", status="closed")):
        show(ledger, shown)
    account = ledger.account()
    assert (account.duplicated, account.consoles["police"].latency.count) == (0, 2)
    assert account.consoles["police"].alarms == 1


def test_an_alarm_is_over_when_both_consoles_closed_it() -> None:
    """One closed track is not the end, and a reopened one is open again."""
    ledger = pressed("p1")
    show(ledger, view("p1", status="closed"), "police")
    assert not ledger.is_over(PressId("p1"))
    show(ledger, view("p1", status="closed"), "veilig_thuis")
    assert ledger.is_over(PressId("p1"))
    show(ledger, view("p1", status="accepted"), "police")
    assert not ledger.is_over(PressId("p1"))


def test_a_press_that_joins_an_accepted_alarm_is_accepted() -> None:
    """Later feedback is about the alarm: it counts for every press in it."""
    ledger = pressed("p1", "p2")
    show(ledger, view("p1", "p2", status="accepted"))
    answered(ledger, "p1")
    ledger.answered(feedback("p2", "received"), 1_400_000)
    assert ledger.account().accepted == 2
    assert ledger.is_settled()


def test_feedback_on_presses_of_others_is_ignored() -> None:
    """Feedback from an earlier run answers nothing of this one."""
    ledger = pressed("p1")
    ledger.answered(feedback("other", "accepted"), 1_002_000)
    assert ledger.account().received == 0
