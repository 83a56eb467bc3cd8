"""The two tracks of an alarm against a model that counts facts and knows no table."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alarm_gateway.core.device_state import UNITS_KEPT_MAX
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import ActionReceived, Input
from alarm_gateway.core.policy import Policy
from alarm_protocol.codec import decode_alarm_view
from alarm_protocol.messages import (
    Accept,
    AlarmView,
    Arrive,
    AssignUnit,
    Close,
    Conditions,
    HandOver,
    Note,
    Refer,
    Reopen,
    SafetyAssessment,
)
from alarm_protocol.units import CONSOLES, POLICE, ActionId, ConsoleId, TimestampMs
from tests.helpers.gateway import FIRST_ALARM, NOW_MS, REGISTRY, press

KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "accept": (Accept, {}),
    "assign_unit": (AssignUnit, {"unit": "LD-1201"}),
    "arrive": (Arrive, {}),
    "note": (Note, {"text": "n"}),
    "close": (Close, {"disposition": "genuine", "reason": "r"}),
    "reopen": (Reopen, {"reason": "r"}),
    "safety_assessment": (SafetyAssessment, {"text": "t"}),
    "conditions": (Conditions, {"text": "t"}),
    "refer": (Refer, {"party": "wijkagent"}),
    "hand_over": (HandOver, {"to": "lokaal team"}),
}
OPERATORS = ("Ans", "Bea")
STEPS = st.lists(
    st.tuples(st.sampled_from(CONSOLES), st.sampled_from(sorted(KINDS)), st.sampled_from(OPERATORS))
    | st.none(),
    max_size=40,
)
"""An operator does something at a console; None is another press of the device."""


@dataclass
class Track:
    """What has happened at one agency since its track was opened last."""

    console: ConsoleId
    accepted_by: str | None = None
    closed_by: str | None = None
    units: int = 0
    arrived: bool = False
    assessed: bool = False
    handed_over: bool = False
    answers: list[tuple[str, str, str | None]] = field(default_factory=list)

    def fits(self, kind: str) -> bool:
        """Tell from the facts whether an action makes sense now."""
        police = self.console == POLICE
        at_work = self.accepted_by is not None and self.closed_by is None
        return {
            "accept": self.accepted_by is None and self.closed_by is None,
            "note": self.closed_by is None,
            "close": at_work,
            "reopen": police and self.closed_by is not None,
            "assign_unit": police and at_work,
            "arrive": police and at_work and self.units > 0 and not self.arrived,
            "safety_assessment": not police and at_work,
            "conditions": not police and at_work,
            "refer": not police and at_work,
            "hand_over": not police and at_work and not self.handed_over,
        }[kind]

    def act(self, kind: str, operator: str) -> None:
        """Do it, or refuse it with the name of who was first."""
        if not self.fits(kind):
            self.answers.append((kind, "refused", self.closed_by or self.accepted_by))
            return
        self.answers.append((kind, "done", None))
        match kind:
            case "accept":
                self.accepted_by = operator
            case "close":
                self.closed_by = operator
            case "assign_unit":
                self.units += 1
            case "arrive":
                self.arrived = True
            case "safety_assessment":
                self.assessed = True
            case "hand_over":
                self.handed_over = True
            case "reopen":
                self.begin()
                self.accepted_by = operator

    def begin(self) -> None:
        """Open the track anew; what was answered stays answered."""
        self.accepted_by = self.closed_by = None
        self.units, self.arrived, self.assessed, self.handed_over = 0, False, False, False

    @property
    def status(self) -> str:
        """The word for the furthest fact."""
        steps = (
            ("closed", self.closed_by is not None),
            ("handed_over", self.handed_over),
            ("assessed", self.assessed),
            ("on_scene", self.arrived),
            ("unit_assigned", self.units > 0),
            ("accepted", self.accepted_by is not None),
        )
        return next((word for word, is_so in steps if is_so), "open")


def newest(engine: Engine, received: Input) -> dict[ConsoleId, AlarmView]:
    """Let the engine take one input and return the views that it publishes."""
    effects = engine.persisted(engine.receive([received], TimestampMs(NOW_MS)))
    views = [decode_alarm_view(payload) for _, _, payload in effects.views if payload]
    return {view.console: view for view in views}


@settings(max_examples=400)
@given(STEPS)
def test_tracks_go_as_the_facts_allow(steps: list[tuple[ConsoleId, str, str] | None]) -> None:
    """Whatever operators do in whatever order, status and answers are those of the model."""
    engine = Engine(Policy(), REGISTRY)
    shown = newest(engine, press(1))
    tracks = {console: Track(console) for console in CONSOLES}
    for number, step in enumerate(steps, start=2):
        if all(track.closed_by is not None for track in tracks.values()):
            break  # the alarm is over: the next press is another alarm
        if step is None:
            shown |= newest(engine, press(number))
            for track in tracks.values():
                if track.closed_by is not None:
                    track.begin()
        else:
            console, kind, operator = step
            message, fields = KINDS[kind]
            action = message(
                action_id=ActionId(f"a-{number}"), alarm_id=FIRST_ALARM, seen_version=1,
                operator=operator, at_ms=NOW_MS, **fields,
            )  # fmt: skip
            shown |= newest(engine, ActionReceived(console, action))
            tracks[console].act(kind, operator)
            entry = shown[console].timeline[-1]
            asked, outcome, first = tracks[console].answers[-1]
            assert (f"a-{number}", outcome, first) == (
                entry.action_id, entry.outcome, entry.acted_by,
            )  # fmt: skip
            assert (asked if outcome == "done" else "refused") == entry.kind
        for console, track in tracks.items():
            view = shown[console]
            other = tracks["veilig_thuis" if console == POLICE else POLICE]
            assert (track.status, other.status) == (view.status, view.other_track.status)
            assert (track.accepted_by, track.closed_by) == (
                view.own_track.accepted_by, view.own_track.closed_by,
            )  # fmt: skip
            assert min(track.units, UNITS_KEPT_MAX) == len(view.own_track.units)


def test_every_action_fits_somewhere_in_the_model() -> None:
    """The model and the wire know the same actions, and each may be done at some agency."""
    done = set()
    for console in CONSOLES:
        for path in (
            ["accept", "note", "assign_unit", "arrive", "close", "reopen"],
            ["accept", "safety_assessment", "conditions", "refer", "hand_over", "close"],
        ):
            track = Track(console)
            for kind in path:
                track.act(kind, "Ans")
            done |= {kind for kind, outcome, _ in track.answers if outcome == "done"}
    assert set(KINDS) == done
