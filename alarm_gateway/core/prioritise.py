"""From a verdict to a priority (1 is the highest) and the reasons for it."""

from msgspec import Struct

from alarm_gateway.core.device_state import AlarmState
from alarm_gateway.core.policy import PriorityRules
from alarm_gateway.core.verify import Verdict
from alarm_protocol.messages import Press


class Assessment(Struct, frozen=True, gc=False):
    """What an alarm is after a press: priority, the reasons for it, and whether it is a test."""

    priority: int
    reasons: tuple[str, ...]
    test: bool


def prioritise(
    press: Press, verdict: Verdict, rules: PriorityRules, open_alarm: AlarmState | None
) -> Assessment:
    """Weigh one press, and the alarm it joins if there is one.

    A press may raise the priority of an open alarm and never lowers it. A real press ends
    the test character of an alarm; a test press or a cancel changes nothing but the history.
    """
    priority, reason = _alone(press, verdict, rules)
    test = press.trigger == "test"
    if open_alarm is None:
        if press.trigger == "cancel":
            return Assessment(rules.cancel_without_alarm, ("cancel_without_alarm",), test=False)
        return Assessment(priority, (reason,), test)
    if press.trigger == "cancel":
        priority, reason = open_alarm.priority, "cancel_requested"
        test = open_alarm.test
    reasons = open_alarm.reasons
    if reason not in reasons:
        reasons = (*reasons, reason)
    return Assessment(min(priority, open_alarm.priority), reasons, test and open_alarm.test)


def _alone(press: Press, verdict: Verdict, rules: PriorityRules) -> tuple[int, str]:
    if press.trigger == "test":
        return rules.test, "test"
    if "unknown_device" in verdict.doubts:
        return rules.unknown_device, "unknown_device"
    if verdict.doubts:
        return rules.press_with_doubts, "press_with_doubts"
    match press.trigger:
        case "hold":
            return rules.verified_hold, "verified_hold"
        case "duress":
            return rules.verified_duress, "verified_duress"
        case _:
            return rules.verified_press, "verified_press"
