"""The gateway's policy for a scenario that is played faster than life.

Devices and people hurry; without this a gateway would wait in real time for a device that fell
silent. Its times are divided too, as far down as whole seconds go. The minute in which a flood is
counted stays a real one: what comes at once comes at once at any speed.
"""

import math

from simulator.scenario.script import Script, length_ms

HEARTBEAT_S_MIN = 1.0
"""Real seconds between two heartbeats of a device, however fast the scenario is."""
_ACCEPT_S, _ESCALATE_S = 30, 60
_SILENT_S = {"SP3": 1_800, "SP4": 180, "SP5": 90, "SP6": 20, "DP3": 180, "DP4": 90}
_AHEAD_S, _LINK_GRACE_S, _WATCH_S = 5, 30, 900
_SECONDS_MAX = 86_400


def heartbeat_s(script: Script, speed: float) -> float:
    """Return the real seconds between two heartbeats."""
    return max(HEARTBEAT_S_MIN, length_ms(script.fleet.heartbeat) / 1_000 / speed)


def policy_text(script: Script, speed: float) -> str:
    """Return the policy file of a run."""
    beat_s = heartbeat_s(script, speed)
    # A device is silent after at least two missed heartbeats, whatever the category says.
    least_s = min(_SECONDS_MAX, math.ceil(2 * beat_s) + 1)

    def hurried(seconds: int, least: int = 1) -> int:
        return max(least, math.ceil(seconds / speed))

    accept_s = hurried(_ACCEPT_S)
    silent = [f"{name} = {hurried(value, least_s)}" for name, value in _SILENT_S.items()]
    lines = [
        f"# Written by alarm-simulator run: the defaults, {speed:g} times faster.",
        "[times]",
        f"accept_within_s = {accept_s}",
        f"escalate_within_s = {max(accept_s, hurried(_ESCALATE_S))}",
        f"on_scene_within_s = {hurried(900)}",
        "[supervision]",
        f"ahead_s = {int(_AHEAD_S / speed)}",
        f"link_grace_s = {math.ceil(_LINK_GRACE_S / speed)}",
        f"watch_after_press_s = {hurried(_WATCH_S)}",
        "[supervision.silent_after_s]",
        *silent,
    ]
    return "\n".join(lines) + "\n"
