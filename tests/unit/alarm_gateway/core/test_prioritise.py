"""From a verdict to a priority and its reasons."""

import pytest

from alarm_gateway.core.device_state import AlarmState
from alarm_gateway.core.inputs import PressReceived
from alarm_gateway.core.policy import PriorityRules
from alarm_gateway.core.prioritise import Assessment, prioritise
from alarm_gateway.core.verify import Verdict
from alarm_protocol.messages import Doubt, Trigger
from tests.helpers.gateway import DEVICE, Gateway, press

CLEAN = Verdict((), ())
DOUBTED = Verdict(("unsigned",), ())
RULES = PriorityRules()


def open_alarm(*presses: PressReceived) -> AlarmState:
    """Return the alarm that these presses make."""
    gateway = Gateway()
    for received in presses:
        gateway.take(received)
    state = gateway.engine.state_of(DEVICE)
    assert state is not None
    assert state.alarm is not None
    return state.alarm


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [("press", "verified_press"), ("hold", "verified_hold"), ("duress", "verified_duress")],
)
def test_a_verified_press_has_the_highest_priority(trigger: Trigger, reason: str) -> None:
    """Press, hold and duress are priority 1 when nothing speaks against them."""
    assessment = prioritise(press(trigger=trigger).press, CLEAN, RULES, None)
    assert Assessment(1, (reason,), test=False) == assessment


@pytest.mark.parametrize(
    "doubt",
    ["unsigned", "bad_signature", "sequence_reused", "device_out_of_service", "device_mismatch"],
)
def test_a_doubt_costs_one_level_and_no_more(doubt: Doubt) -> None:
    """While the device is known, a doubtful press is priority 2."""
    assessment = prioritise(press().press, Verdict((doubt,), ()), RULES, None)
    assert Assessment(2, ("press_with_doubts",), test=False) == assessment


def test_an_unknown_device_is_priority_3() -> None:
    """An unknown device is an alarm all the same."""
    assessment = prioritise(press().press, Verdict(("unknown_device",), ()), RULES, None)
    assert Assessment(3, ("unknown_device",), test=False) == assessment


def test_remarks_change_no_priority() -> None:
    """A late press is a press of priority 1."""
    assessment = prioritise(press().press, Verdict((), ("delivered_late",)), RULES, None)
    assert assessment.priority == 1


def test_a_doubtful_press_never_lowers_an_open_alarm() -> None:
    """What joins an alarm may raise it only."""
    assessment = prioritise(press(2).press, DOUBTED, RULES, open_alarm(press(1)))
    assert Assessment(1, ("verified_press", "press_with_doubts"), test=False) == assessment


def test_a_verified_press_raises_a_doubtful_alarm() -> None:
    """An unsigned press followed by a signed one is priority 1."""
    assessment = prioritise(press(2).press, CLEAN, RULES, open_alarm(press(1, signed=False)))
    assert Assessment(1, ("press_with_doubts", "verified_press"), test=False) == assessment


def test_a_test_is_a_test() -> None:
    """A test press opens a test alarm of the lowest priority."""
    assessment = prioritise(press(trigger="test").press, CLEAN, RULES, None)
    assert Assessment(4, ("test",), test=True) == assessment


def test_a_real_press_ends_a_test() -> None:
    """A real press during a test overrides it."""
    alarm = open_alarm(press(1, trigger="test"))
    assessment = prioritise(press(2).press, CLEAN, RULES, alarm)
    assert Assessment(1, ("test", "verified_press"), test=False) == assessment


def test_a_test_press_makes_no_test_of_a_real_alarm() -> None:
    """Nobody can hide an alarm by testing."""
    assessment = prioritise(press(2, trigger="test").press, CLEAN, RULES, open_alarm(press(1)))
    assert (assessment.priority, assessment.test) == (1, False)


def test_a_cancel_changes_only_the_reasons() -> None:
    """A cancel never stops a dispatch: priority stays, a reason is added."""
    assessment = prioritise(press(2, trigger="cancel").press, CLEAN, RULES, open_alarm(press(1)))
    assert Assessment(1, ("verified_press", "cancel_requested"), test=False) == assessment


def test_a_cancel_without_an_alarm_is_seen_by_a_person() -> None:
    """The press that it takes back may have been lost, so it is no silence."""
    assessment = prioritise(press(trigger="cancel").press, CLEAN, RULES, None)
    assert Assessment(3, ("cancel_without_alarm",), test=False) == assessment
