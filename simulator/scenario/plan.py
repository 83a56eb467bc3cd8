"""From a scenario and a seed to a schedule. Pure: the same two give the same schedule.

Every part of a scenario has dice of its own, so that a line added to the file changes what it
says and nothing else.
"""

from collections.abc import Iterator
from random import Random
from typing import Literal, NamedTuple

from alarm_protocol.messages import Trigger
from simulator.scenario.script import (
    AsListed,
    AtRandom,
    Attack,
    InBursts,
    OverTheDay,
    People,
    Presses,
    Script,
    Trouble,
    length_ms,
)

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
EVENTS_MAX = 200_000
AGAIN_MS = (15_000, 90_000)
CANCEL_MS = (5_000, 60_000)
MOVE_PAUSE_MS = 20_000
"""How long a device is away that is moved to another connection."""
BATTERY_LOW_PCT = 9
WALK_M_PER_S = 1.4
WALK_M_MAX = 5_000.0

What = Literal[
    "press", "cut", "back", "die", "battery", "tamper", "tamper_end", "leave",
    "gateway_stop", "gateway_start", "broker_stop", "broker_start", "attack",
]  # fmt: skip


class DevicePlan(NamedTuple):
    """What kind of device a button is."""

    mobile: bool
    clock_ahead_ms: int


class Event(NamedTuple):
    """Something that happens: when, what, to which button (0 is the first; -1 is none)."""

    at_ms: int
    what: What
    button: int = -1
    how: str = ""
    """Of a press, its trigger; of an attack, its way."""
    why: str = ""
    """Of a press: genuine, mispress, test, or cancel."""
    value: int = 0
    east_m: float = 0.0
    north_m: float = 0.0


class Plan(NamedTuple):
    """The schedule of one run, in milliseconds of the scenario's own time."""

    lasts_ms: int
    devices: tuple[DevicePlan, ...]
    events: tuple[Event, ...]

    @property
    def presses(self) -> int:
        """How many presses it holds."""
        return sum(event.what == "press" for event in self.events)


class _Wanted(NamedTuple):
    """A press before it has a place."""

    at_ms: int
    button: int
    how: Trigger
    why: str


def plan(script: Script, seed: int) -> Plan:
    """Make the schedule; at most `EVENTS_MAX` events, the earliest."""
    dice = _dice(seed, "fleet")
    wrong = dice.sample(range(script.buttons), script.fleet.wrong_clocks)
    off_ms = length_ms(script.fleet.clocks_off_by)
    # Every other one is fast, the rest slow, so that both are there with any seed.
    off_by = {button: off_ms * (1, -1)[order % 2] for order, button in enumerate(wrong)}
    devices = tuple(
        DevicePlan(
            mobile=number >= script.fleet.home_buttons,
            clock_ahead_ms=off_by.get(number, 0),
        )
        for number in range(script.buttons)
    )
    events: list[Event] = []
    for number, one in enumerate(script.trouble):
        events += _trouble(one, script, _dice(seed, f"trouble {number}"))
    gone = {event.button for event in events if event.what == "die"}
    wanted: list[_Wanted] = []
    for number, some in enumerate(script.presses):
        people = some.people or script.people
        wanted += _presses(some, people, script, _dice(seed, f"presses {number}"), gone)
    events += _placed(wanted, devices, seed)
    for number, attack in enumerate(script.attack):
        events += _attack(attack, script, _dice(seed, f"attack {number}"))
    in_time = sorted(event for event in events if 0 <= event.at_ms <= script.lasts_ms)
    return Plan(script.lasts_ms, devices, tuple(in_time[:EVENTS_MAX]))


def _dice(seed: int, part: str) -> Random:
    return Random(f"{seed}/{part}")  # noqa: S311 - a schedule, no secret


# -- presses ----------------------------------------------------------------------------


def _presses(
    some: Presses, people: People, script: Script, dice: Random, gone: set[int]
) -> Iterator[_Wanted]:
    """Yield presses, with what follows from each; nobody presses a button that will die."""
    if isinstance(some, AsListed):
        for one in some.list:
            yield _Wanted(length_ms(one.at), one.button - 1, one.how, one.why)
        return
    able = [number for number in range(script.buttons) if number not in gone]
    if not able:
        return
    for at_ms in _moments(some, script.lasts_ms, dice):
        yield from _pressed(at_ms, dice.choice(able), people, dice)


def _moments(some: Presses, lasts_ms: int, dice: Random) -> Iterator[int]:
    begin_ms = length_ms(some.begin)
    end_ms = lasts_ms if some.end is None else min(lasts_ms, length_ms(some.end))
    at = float(begin_ms)
    match some:
        case AtRandom():
            while (at := at + dice.expovariate(some.per_hour / HOUR_MS)) < end_ms:
                yield round(at)
        case InBursts():
            step_ms = max(1, length_ms(some.every))
            while (at := at + step_ms) < end_ms:
                for _ in range(some.presses):
                    yield round(at + dice.uniform(0, length_ms(some.within)))
        case OverTheDay():
            # Thinning: moments at the busiest hour's rate, of which each hour keeps its share.
            busiest = max(some.hours)
            total = sum(some.hours)
            if total == 0:
                return
            rate = some.per_day / total * busiest / HOUR_MS
            while (at := at + dice.expovariate(rate)) < end_ms:
                hour = (some.starts_at_hour + int(at // HOUR_MS)) % 24
                if dice.random() * busiest < some.hours[hour]:
                    yield round(at)


def _pressed(at_ms: int, button: int, people: People, dice: Random) -> Iterator[_Wanted]:
    """Draw why and how somebody presses, and what they do after that."""
    weights = (people.genuine, people.mispress, people.test)
    (why,) = dice.choices(("genuine", "mispress", "test"), weights)
    draw, second = dice.uniform(0, 100), dice.uniform(0, 100)
    how: Trigger = "press"
    if why == "test":
        how = "test"
    elif why == "genuine" and draw < people.duress_percent:
        how = "duress"
    elif why == "genuine" and draw < people.duress_percent + people.hold_percent:
        how = "hold"
    yield _Wanted(at_ms, button, how, why)
    if why == "genuine" and second < people.again_percent:
        yield _Wanted(at_ms + dice.randint(*AGAIN_MS), button, "press", why)
    if why == "mispress" and second < people.cancel_percent:
        yield _Wanted(at_ms + dice.randint(*CANCEL_MS), button, "cancel", "cancel")


def _placed(wanted: list[_Wanted], devices: tuple[DevicePlan, ...], seed: int) -> Iterator[Event]:
    """Give each press of a mobile button a place, as far from the last as its owner walked."""
    dice = _dice(seed, "walks")
    last: dict[int, tuple[int, float, float]] = {}
    for one in sorted(wanted):
        east = north = 0.0
        if devices[one.button].mobile:
            before_ms, east, north = last.get(one.button, (0, 0.0, 0.0))
            reach_m = min(WALK_M_MAX, WALK_M_PER_S * max(0, one.at_ms - before_ms) / 1_000)
            east = _within(east + dice.uniform(-reach_m, reach_m))
            north = _within(north + dice.uniform(-reach_m, reach_m))
            last[one.button] = (one.at_ms, east, north)
        yield Event(
            one.at_ms, "press", one.button, one.how, one.why, 0, round(east, 1), round(north, 1)
        )


def _within(metres: float) -> float:
    return max(-WALK_M_MAX, min(WALK_M_MAX, metres))


# -- trouble ----------------------------------------------------------------------------


def _trouble(one: Trouble, script: Script, dice: Random) -> Iterator[Event]:
    at_ms = length_ms(one.at)
    end_ms = None if one.lasting is None else at_ms + length_ms(one.lasting)
    parts: dict[str, tuple[str, ...]] = {
        "gateway away": ("gateway",),
        "broker away": ("broker",),
        "everything away": ("gateway", "broker"),
    }
    if one.what in parts:
        until_ms = script.lasts_ms if end_ms is None else end_ms
        for part in parts[one.what]:
            yield Event(at_ms, "gateway_stop" if part == "gateway" else "broker_stop")
            yield Event(until_ms, "gateway_start" if part == "gateway" else "broker_start")
        return
    buttons = _chosen(one, script.buttons, dice)
    if one.what == "moved":
        length = 0 if one.lasting is None else length_ms(one.lasting)
        for order, button in enumerate(buttons):
            leaves_ms = at_ms + length * order // len(buttons)
            yield Event(leaves_ms, "leave", button)
            yield Event(min(script.lasts_ms, leaves_ms + MOVE_PAUSE_MS), "back", button)
        return
    for button in buttons:
        yield from _trouble_of(one, button, at_ms, end_ms)


def _trouble_of(one: Trouble, button: int, at_ms: int, end_ms: int | None) -> Iterator[Event]:
    match one.what:
        case "link lost" | "reconnect storm":
            yield Event(at_ms, "cut", button)
            if end_ms is not None or one.what == "reconnect storm":
                yield Event(at_ms if end_ms is None else end_ms, "back", button)
        case "battery low":
            yield Event(at_ms, "battery", button, value=BATTERY_LOW_PCT)
            if end_ms is not None:
                yield Event(end_ms, "battery", button, value=100)
        case "battery dead":
            yield Event(at_ms, "die", button)
        case "tampered":
            yield Event(at_ms, "tamper", button)
            if end_ms is not None:
                yield Event(end_ms, "tamper_end", button)


def _chosen(one: Trouble, buttons: int, dice: Random) -> list[int]:
    if one.button is not None:
        return [one.button - 1]
    count = buttons if one.buttons == "all" else min(one.buttons, buttons)
    return dice.sample(range(buttons), count)


def _attack(one: Attack, script: Script, dice: Random) -> Iterator[Event]:
    at = float(length_ms(one.at))
    end_ms = at + length_ms(one.lasting)
    while (at := at + dice.expovariate(one.per_minute / 60_000)) < end_ms:
        victim = dice.randrange(script.buttons)
        yield Event(round(at), "attack", victim, one.how, value=dice.getrandbits(31))
