"""What a fault of a device itself means for its alarm.

Faults are states with a beginning and an end; only the changes are records. A fault after a
press may be the offender's doing: it raises the priority, and nothing ever lowers it.
"""

from msgspec import Struct

from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.policy import Policy, PriorityRules, ms
from alarm_gateway.core.records import Condition, SupervisionChanged
from alarm_protocol.households import Category
from alarm_protocol.units import TimestampMs

_RULE_OF: dict[Condition, str] = {
    "silent": "supervision_lost",
    "link_lost": "link_lost",
    "battery_low": "battery_low",
    "tamper": "tamper",
    "clock_drift": "clock_drift",
}
_AFTER_A_PRESS: dict[Condition, str] = {
    "silent": "device_silent",
    "link_lost": "link_lost",
    "tamper": "tamper",
}
"""Faults that raise the priority of an alarm with a recent press, and the reason they add."""


class ConditionChanged(Struct, frozen=True, gc=False):
    """A fault began or ended. `quiet` keeps it from opening an alarm of its own."""

    condition: Condition
    active: bool
    quiet: bool = False
    since_ms: TimestampMs | None = None
    category: Category | None = None


def condition_event(
    state: DeviceState, changed: ConditionChanged, now_ms: TimestampMs, policy: Policy
) -> SupervisionChanged | None:
    """Return the fact to write down; None where it is known already."""
    condition, active = changed.condition, changed.active
    if active == (condition in state.conditions):
        return None
    alarm = state.alarm
    if alarm is None or alarm.closed:
        return _without_alarm(state, changed, now_ms, policy)
    if active:
        return _with_alarm(alarm, changed, now_ms, policy)
    others = [known for known in state.conditions if known != condition]
    untouched = alarm.police.status == alarm.veilig_thuis.status == "open"
    over = alarm.press_count == 0 and not others and untouched
    return SupervisionChanged(
        condition=condition,
        active=False,
        effect="ended" if over else "noted",
        priority=alarm.priority,
        reasons=alarm.reasons,
    )


def _without_alarm(
    state: DeviceState, changed: ConditionChanged, now_ms: TimestampMs, policy: Policy
) -> SupervisionChanged:
    condition = changed.condition
    rule = _RULE_OF[condition]
    opens = changed.active and not changed.quiet and now_ms >= state.maintenance_until_ms
    return SupervisionChanged(
        condition=condition,
        active=changed.active,
        effect="opened" if opens else "none",
        priority=getattr(policy.priority, rule),
        reasons=(rule,),
        since_ms=changed.since_ms,
        category=changed.category,
    )


def _with_alarm(
    alarm: AlarmState, changed: ConditionChanged, now_ms: TimestampMs, policy: Policy
) -> SupervisionChanged:
    """Add a fault to an open alarm."""
    priority, reason = _priority_with(alarm, changed.condition, now_ms, policy)
    reasons = alarm.reasons if reason in alarm.reasons else (*alarm.reasons, reason)
    return SupervisionChanged(
        condition=changed.condition,
        active=True,
        effect="noted",
        priority=priority,
        reasons=reasons,
        since_ms=changed.since_ms,
        category=changed.category,
    )


def _priority_with(
    alarm: AlarmState, condition: Condition, now_ms: TimestampMs, policy: Policy
) -> tuple[int, str]:
    reason = _AFTER_A_PRESS.get(condition)
    if reason is not None and pressed_lately(alarm, now_ms, policy):
        raised = alarm.priority if reason in alarm.reasons else max(1, alarm.priority - 1)
        return raised, reason
    rule = _RULE_OF[condition]
    return min(alarm.priority, _rule(policy.priority, rule)), rule


def pressed_lately(alarm: AlarmState, now_ms: TimestampMs, policy: Policy) -> bool:
    """Tell whether a real press came within the time in which a fault is alarming."""
    if alarm.test or not alarm.presses:
        return False
    since_ms = now_ms - alarm.presses[-1].received_at_ms
    return since_ms <= ms(policy.supervision.watch_after_press_s)


def _rule(rules: PriorityRules, name: str) -> int:
    return int(getattr(rules, name))
