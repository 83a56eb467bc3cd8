"""What each console may see, and what its operators may do."""

from typing import Literal, NamedTuple

from msgspec import Struct, structs

from alarm_protocol import topics
from alarm_protocol.errors import WireError
from alarm_protocol.households import PoliceHousehold, VeiligThuisHousehold
from alarm_protocol.messages import AlarmView, Overview
from alarm_protocol.topics import parse_console_topic
from alarm_protocol.units import POLICE, VEILIG_THUIS, AlarmId, ConsoleId

Kind = Literal[
    "accept",
    "assign_unit",
    "arrive",
    "note",
    "close",
    "reopen",
    "safety_assessment",
    "conditions",
    "refer",
    "hand_over",
]

KINDS: dict[ConsoleId, tuple[Kind, ...]] = {
    POLICE: ("accept", "assign_unit", "arrive", "note", "close", "reopen"),
    VEILIG_THUIS: (
        "accept",
        "safety_assessment",
        "conditions",
        "refer",
        "note",
        "hand_over",
        "close",
    ),
}
"""Veilig Thuis sees the police's progress and never dispatches."""

_SECTIONS: dict[ConsoleId, type[PoliceHousehold | VeiligThuisHousehold]] = {
    POLICE: PoliceHousehold,
    VEILIG_THUIS: VeiligThuisHousehold,
}

RefusalReason = Literal[
    "not_a_view_topic", "other_consoles_topic", "other_consoles_view", "topic_mismatch",
    "other_agencys_household",
]  # fmt: skip


class ViewRefusal(Struct, frozen=True):
    """A view that may not be shown here. It is counted and never confirmed."""

    reason: RefusalReason


class ViewTopic(NamedTuple):
    """A topic that this console may read views from."""

    alarm_id: AlarmId


def admit_topic(console: ConsoleId, topic: str) -> ViewTopic | ViewRefusal:
    """Say of which alarm this console may read views under a topic."""
    try:
        parsed = parse_console_topic(topic)
    except WireError:
        return ViewRefusal("not_a_view_topic")
    if parsed.alarm_id is None:
        return ViewRefusal("not_a_view_topic")
    if parsed.console != console:
        return ViewRefusal("other_consoles_topic")
    return ViewTopic(parsed.alarm_id)


def admit_view(console: ConsoleId, topic: ViewTopic, view: AlarmView) -> AlarmView | ViewRefusal:
    """Return what this console may show of a view, or why it may not be shown at all.

    The gateway already sends each agency its own view; this is the second of the two places
    where the same law is checked. A device's location is for the police only and is left out
    elsewhere: the alarm itself must still be seen.
    """
    if view.console != console:
        return ViewRefusal("other_consoles_view")
    if view.alarm_id != topic.alarm_id:
        return ViewRefusal("topic_mismatch")
    if view.household is not None and not isinstance(view.household, _SECTIONS[console]):
        return ViewRefusal("other_agencys_household")
    if console != POLICE and any(press.location is not None for press in view.presses):
        presses = tuple(structs.replace(press, location=None) for press in view.presses)
        return structs.replace(view, presses=presses)
    return view


def admit_overview(console: ConsoleId, overview: Overview) -> Overview | ViewRefusal:
    """Return what this console's supervisors may see of an overview, or why it is refused.

    The gateway already gives the bytes of a device to the police only; this is the second look.
    """
    if overview.console != console:
        return ViewRefusal("other_consoles_view")
    own = (topics.actions(console), topics.presence(console))
    samples = tuple(
        one
        if one.topic in own or (console == POLICE and one.topic.startswith(topics.DEVICES_BELOW))
        else structs.replace(one, begin_hex=None)
        for one in overview.samples
    )
    return structs.replace(overview, samples=samples)
