"""What a scenario file may say, and how it is read. No I/O: the text comes in."""

import re
import tomllib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from alarm_protocol.messages import Doubt, Remark, Trigger
from simulator.scenario.errors import ScenarioError

BUTTONS_MAX = 5_000
SPEED_MAX = 100_000.0
LASTS_MS_MAX = 40 * 86_400_000
_UNITS_MS = {
    "s": 1_000,
    "min": 60_000,
    "h": 3_600_000,
    "day": 86_400_000,
    "days": 86_400_000,
}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|days?)")

Length = Annotated[str, Meta(pattern=r"^\d+(\.\d+)? ?(s|min|h|days?)\Z")]
"""A length of time, or a time since the start: '90 s', '5 min', '2 h', '30 days'."""
Buttons = Annotated[int, Meta(ge=0, le=BUTTONS_MAX)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Weight = Annotated[float, Meta(ge=0, le=1_000)]
Intent = Literal["genuine", "mispress", "test"]
"""Why somebody presses. The gateway cannot know it; operators find out."""
Fault = Literal["supervision_lost", "link_lost", "battery_low", "tamper", "clock_drift"]


class Fleet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which devices there are."""

    home_buttons: Buttons = 0
    """Fixed, in somebody's home."""
    mobile_buttons: Buttons = 0
    """Carried along, with GPS: each press comes from where its owner is then."""
    heartbeat: Length = "1 min"
    wrong_clocks: Buttons = 0
    """How many have a clock that is wrong."""
    clocks_off_by: Length = "45 s"
    clocks_drift: bool = False
    """Whether they begin right, and are off by so much only at the end."""


class People(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why and how people press: weights of the reasons, and shares in percent.

    In a study of Belgium 3 of 84 calls were genuine; how the other 81 split into mispresses and
    tests is not known, and assumed here.
    """

    genuine: Weight = 3
    mispress: Weight = 60
    test: Weight = 21
    hold_percent: Percent = 10
    """Of genuine presses: the button is held."""
    duress_percent: Percent = 2
    """Of genuine presses: the silent sign for 'I am being forced'."""
    again_percent: Percent = 20
    """Of genuine presses: pressed once more within a minute and a half."""
    cancel_percent: Percent = 30
    """Of mispresses: cancelled on the device within a minute."""


class _Presses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="arrive"):
    """Presses of the fleet; by `people`, where a table names none of its own."""

    begin: Length = "0 s"
    end: Length | None = None
    people: People | None = None


class AtRandom(_Presses, frozen=True, kw_only=True, tag="at random"):
    """Each moment as likely as the other (Poisson)."""

    per_hour: Annotated[float, Meta(gt=0, le=1_000_000)]


class InBursts(_Presses, frozen=True, kw_only=True, tag="in bursts"):
    """Many at once, again and again."""

    every: Length
    presses: Annotated[int, Meta(ge=1, le=BUTTONS_MAX)]
    within: Length = "1 min"


class OverTheDay(_Presses, frozen=True, kw_only=True, tag="over the day"):
    """A profile of the day: 24 weights, from midnight on."""

    per_day: Annotated[float, Meta(gt=0, le=1_000_000)]
    hours: Annotated[tuple[Weight, ...], Meta(min_length=24, max_length=24)]
    starts_at_hour: Annotated[int, Meta(ge=0, le=23)] = 0


class OnePress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One press that the scenario names."""

    at: Length
    button: Annotated[int, Meta(ge=1, le=BUTTONS_MAX)]
    why: Intent = "genuine"
    how: Trigger = "press"


class AsListed(_Presses, frozen=True, kw_only=True, tag="as listed"):
    """Presses one by one."""

    list: Annotated[tuple[OnePress, ...], Meta(min_length=1, max_length=10_000)]


Presses = AtRandom | InBursts | OverTheDay | AsListed


class Trouble(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for"}
):
    """Something goes wrong with devices, or with the alarm centre."""

    what: Literal[
        "link lost",
        "battery low",
        "battery dead",
        "tampered",
        "reconnect storm",
        "moved",
        "gateway away",
        "broker away",
        "everything away",
    ]
    at: Length
    lasting: Length | None = None
    """None: until the end."""
    buttons: Buttons | Literal["all"] = 1
    """How many; which ones is drawn."""
    button: Annotated[int, Meta(ge=1, le=BUTTONS_MAX)] | None = None
    """This one, instead of drawn ones."""


class Attack(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for"}
):
    """Somebody without keys sends what they like."""

    how: Literal["strangers", "replays", "forged", "garbage"]
    at: Length
    lasting: Length
    per_minute: Annotated[float, Meta(gt=0, le=60_000)]


class Operators(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long people take, in the middle; half and double of it are common."""

    police_answer: Length = "12 s"
    police_send_unit: Length = "25 s"
    police_travel: Length = "7 min"
    police_finish: Length = "20 min"
    veilig_thuis_answer: Length = "15 s"
    veilig_thuis_assess: Length = "10 min"
    veilig_thuis_hand_over: Length = "5 min"
    veilig_thuis_finish: Length = "10 min"
    close_false_alarm: Length = "2 min"
    """Until either has found out that nothing is the matter, and closes."""


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to come of it, besides what always has to: nothing lost, nothing double."""

    says: str
    """In plain words."""
    presses_at_least: Annotated[int, Meta(ge=0)] = 1
    faults: tuple[Fault, ...] = ()
    """Faults of devices that the operators have to be shown."""
    doubts: tuple[Doubt, ...] = ()
    """Doubts that some press has to bear, though none of the fleet's own may."""
    remarks: tuple[Remark, ...] = ()
    joined_at_least: Annotated[int, Meta(ge=0)] = 0
    """Presses that belong to an alarm that is open already."""
    flood: bool = False
    """A flood has to be counted in one alarm."""


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario as its file tells it."""

    title: Annotated[str, Meta(min_length=1, max_length=60)]
    shows: Annotated[str, Meta(min_length=1, max_length=400)]
    lasts: Length
    speed: Annotated[float, Meta(ge=1, le=SPEED_MAX)] = 1.0
    """How many times faster than life it is played, unless the command says otherwise."""
    fleet: Fleet
    people: People = People()
    presses: tuple[Presses, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    attack: tuple[Attack, ...] = ()
    operators: Operators = Operators()
    expect: Expect

    @property
    def buttons(self) -> int:
        """How many devices there are."""
        return self.fleet.home_buttons + self.fleet.mobile_buttons

    @property
    def lasts_ms(self) -> int:
        """How long it lasts, by the scenario's own clock."""
        return length_ms(self.lasts)


def length_ms(text: str) -> int:
    """Return a length of time in milliseconds.

    Raises:
        ScenarioError: It is no length.
    """
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ScenarioError(f"{text!r} is no length of time; write 90 s, 5 min, 2 h or 30 days")
    return round(float(found[1]) * _UNITS_MS[found[2]])


def read_script(text: str, name: str) -> Script:
    """Read a scenario.

    Args:
        text: The content of its file.
        name: What it is called in an error.

    Raises:
        ScenarioError: The text is no TOML, or says something that a scenario cannot; the line
            names the place.
    """
    try:
        script = msgspec.convert(tomllib.loads(text), Script)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {name} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ScenarioError(f"scenario {name}: {_words(str(error))}") from error
    wrong = _contradiction(script)
    if wrong is not None:
        raise ScenarioError(f"scenario {name}: {wrong}")
    return script


def _words(message: str) -> str:
    """Say it without the library's notation."""
    what, _, place = message.partition(" - at `$")
    where = place.strip(".`").replace("[...]", "")
    if "matching regex" in what:
        what = "this is no length of time; write 90 s, 5 min, 2 h or 30 days"
    what = what.replace("Object ", "it ").replace("`", "'")
    return f"{what}, at {where}" if where else what


def _contradiction(script: Script) -> str | None:
    """Find what each line may say, but not together with the others."""
    if not 0 < script.lasts_ms <= LASTS_MS_MAX:
        return f"lasts = {script.lasts!r} is not between a second and 40 days"
    if script.buttons == 0:
        return "there is no button: home_buttons and mobile_buttons are both 0"
    if script.fleet.wrong_clocks > script.buttons:
        return (
            f"{script.fleet.wrong_clocks} wrong_clocks are more than the {script.buttons} buttons"
        )
    for people in (script.people, *(one.people for one in script.presses if one.people)):
        if people.genuine + people.mispress + people.test == 0:
            return "people: genuine, mispress and test are all 0, so nobody has a reason to press"
    return _too_late(script) or _unknown_button(script)


def _too_late(script: Script) -> str | None:
    happenings: list[tuple[str, str, str | None]] = [
        (one.what, one.at, one.lasting) for one in script.trouble
    ]
    happenings += [(one.how, one.at, one.lasting) for one in script.attack]
    for named, at, lasting in happenings:
        end_ms = length_ms(at) + (0 if lasting is None else length_ms(lasting))
        if end_ms > script.lasts_ms:
            return f"{named!r} at {at} goes on after the end ({script.lasts})"
    return None


def _unknown_button(script: Script) -> str | None:
    named = [one.button for one in script.trouble if one.button is not None]
    for some in script.presses:
        named += [one.button for one in some.list] if isinstance(some, AsListed) else []
    beyond = [number for number in named if number > script.buttons]
    return f"there is no button {beyond[0]}: there are {script.buttons}" if beyond else None
