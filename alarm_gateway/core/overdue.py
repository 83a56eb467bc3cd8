"""When a track that waits for its console or its operators is overdue."""

from alarm_gateway.core.device_state import TrackState
from alarm_gateway.core.policy import Policy, ms
from alarm_gateway.core.records import LEVEL_MAX
from alarm_protocol.units import TimestampMs


def escalates_at(track: TrackState, policy: Policy) -> TimestampMs | None:
    """Return when a track that nobody accepts reaches its next level; None: never."""
    own = track.own
    if own.status != "open" or own.escalation_level >= LEVEL_MAX:
        return None
    times = policy.times
    wait_s = times.escalate_within_s if own.escalation_level else times.accept_within_s
    return TimestampMs(track.opened_at_ms + ms(wait_s))


def level_due(track: TrackState, now_ms: TimestampMs, policy: Policy) -> int:
    """Return the level that a track should have by now for want of being accepted."""
    if track.own.status != "open":
        return 0
    waited_ms = now_ms - track.opened_at_ms
    if waited_ms >= ms(policy.times.escalate_within_s):
        return LEVEL_MAX
    return int(waited_ms >= ms(policy.times.accept_within_s))


def unreachable_at(track: TrackState, policy: Policy) -> TimestampMs | None:
    """Return when a console that does not confirm an alarm is called unreachable; None: never.

    It counts from the moment at which the alarm was put before the console, so that nothing
    that happens to the alarm meanwhile postpones it.
    """
    if track.cleared or track.unreachable or track.confirmed_version >= track.opened_version:
        return None
    return TimestampMs(track.opened_at_ms + 2 * ms(policy.times.confirm_within_s))
