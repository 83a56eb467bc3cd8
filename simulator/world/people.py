"""The operators of one console: they take alarms through to their end, collide, and go home."""

from msgspec import structs

from alarm_protocol.messages import AlarmView
from alarm_protocol.units import POLICE, VEILIG_THUIS, ActionId, AlarmId, ConsoleId, TimestampMs
from dispatch.core.access import KINDS
from dispatch.core.answers import Answer
from dispatch.core.requests import BadRequest, Stamp, build_action
from simulator.core.operator import Pace, Step, next_step, pause_s
from simulator.world.console import Console
from simulator.world.errors import WorldError
from simulator.world.homes import secret_of
from simulator.world.loop import Loop, dice_of
from simulator.world.witness import Witness

PACE = Pace(median_s=12.0, shortest_s=0.5, longest_s=70.0)
HOME_MS = 5_000
RETRY_MS = 2_000
_NOTE_CHANCE = 0.25
_LONG_NOTE_CHANCE = 0.2
_CASE_CHANCE = 0.45
"""Below this, where no note was written, Veilig Thuis does one of `_CASE_STEPS` first."""
_REOPEN_CHANCE = 0.1
_CASE_STEPS = (
    Step("conditions", {"text": "synthetisch: geen contact, kinderen bij familie"}),
    Step("refer", {"party": "slachtofferhulp"}),
    Step("refer", {"party": "wijkagent", "text": "synthetisch: stopgesprek gevraagd"}),
    Step("refer", {"party": "lokaal_team"}),
)
_CHOSEN = ("disposition", "party")
"""Fields that are chosen from a list, where others are free text."""


class Team:
    """All operators of one console; `sit_at` gives them theirs.

    Args:
        loop: Time.
        seed: Seed of the run.
        console: Whose operators they are.
        witness: Hears what they do.
    """

    def __init__(self, loop: Loop, seed: int, console: ConsoleId, witness: Witness) -> None:
        self.home_until_ms = 0
        self.collide_until_ms = 0
        self.asked = 0
        self.answers: dict[str, int] = {}
        self._loop = loop
        self._console = console
        self._witness = witness
        self._dice = dice_of(seed, f"operators/{console}")
        self._working: set[AlarmId] = set()
        self._secret = secret_of(console)

    def sit_at(self, desk: Console) -> None:
        """Take a place before the console."""
        self._desk = desk

    def see(self, alarm_id: AlarmId) -> None:
        """Look at an alarm that may have changed, and take it up if nobody has."""
        view = self._view(alarm_id)
        if view is None or alarm_id in self._working:
            return
        if next_step(self._console, view) is None and not self._wants_reopen(view):
            return
        self._working.add(alarm_id)
        self._loop.after(self._pause_ms(), self._work, alarm_id)

    def _pause_ms(self) -> int:
        return int(pause_s(PACE, self._dice.gauss()) * 1_000)

    def _view(self, alarm_id: AlarmId) -> AlarmView | None:
        held = self._desk.board.get(alarm_id)
        return None if held is None or held.withdrawn else held.view

    def _wants_reopen(self, view: AlarmView) -> bool:
        return (
            view.status == "closed"
            and self._console == POLICE
            and view.own_track.close_reason is not None
            and "reopen" not in {entry.kind for entry in view.timeline}
            and self._dice.random() < _REOPEN_CHANCE
        )

    def _work(self, alarm_id: AlarmId) -> None:
        if self._loop.now_ms < self.home_until_ms:
            self._loop.after(HOME_MS, self._work, alarm_id)
            return
        self._working.discard(alarm_id)
        view = self._view(alarm_id)
        if view is None:
            return
        step = next_step(self._console, view)
        if step is None:
            step = Step("reopen", {"reason": "synthetisch: toch niet klaar"})
            if self._console != POLICE or view.status != "closed":
                return
        else:
            step = self._before(view, step)
        self._working.add(alarm_id)
        self._act(view, step, "one")
        if self._loop.now_ms < self.collide_until_ms:
            self._loop.after(int(self._dice.random() * 20), self._act, view, step, "two")

    def _before(self, view: AlarmView, step: Step) -> Step:
        """Return what is done before the next step of the track, or that step itself."""
        roll = self._dice.random()
        if roll < _NOTE_CHANCE:
            return Step("note", {"text": self._note()})
        if roll < _CASE_CHANCE and self._console == VEILIG_THUIS and view.status != "open":
            return _CASE_STEPS[int(roll * 1_000) % len(_CASE_STEPS)]
        return step

    def _note(self) -> str:
        length = 480 if self._dice.random() < _LONG_NOTE_CHANCE else 60
        return f"{self._secret} notitie ".ljust(length, "x")

    def _act(self, view: AlarmView, step: Step, operator: str) -> None:
        self.asked += 1
        details = {
            name: value if name in _CHOSEN else f"{self._secret} {value}"
            for name, value in step.details.items()
        }
        body = {"kind": step.kind, **details}
        stamp = Stamp(
            action_id=ActionId(f"{self._console}-{self.asked}"),
            at_ms=TimestampMs(self._loop.now_ms),
            version=view.version,
            operator=f"{self._secret} {operator}",
            kinds=KINDS[self._console],
        )
        action = build_action(self._console, view.alarm_id, body, stamp)
        if isinstance(action, BadRequest):
            raise WorldError(f"an operator's request was refused by the console: {action.en}")
        action = structs.replace(action, seen_version=view.version)
        self._witness.note(self._console, f"{operator} asks {step.kind} on {view.alarm_id}")
        first = operator == "one"
        self._desk.act(action, lambda answer: self._told(view.alarm_id, answer, first=first))

    def _told(self, alarm_id: AlarmId, answer: Answer, *, first: bool) -> None:
        self.answers[answer.outcome] = self.answers.get(answer.outcome, 0) + 1
        self._witness.note(self._console, f"answer on {alarm_id}: {answer.outcome}")
        if not first:
            return
        self._working.discard(alarm_id)
        if answer.outcome == "done":
            self.see(alarm_id)
        else:
            self._working.add(alarm_id)
            self._loop.after(RETRY_MS, self._again, alarm_id)

    def _again(self, alarm_id: AlarmId) -> None:
        self._working.discard(alarm_id)
        self.see(alarm_id)
