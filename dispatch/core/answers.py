"""What became of an operator's action, as values."""

from typing import Literal

from msgspec import Struct

from alarm_protocol.messages import AlarmView
from alarm_protocol.units import ActionId

Outcome = Literal["done", "refused", "gone", "unknown", "not_connected", "busy"]
"""`done` and `refused` come from the gateway, in the timeline of a view. `gone`: the gateway
has no such alarm open. `unknown`: sent, and no answer came, so nobody here can say whether it
was done. `not_connected` and `busy`: never sent."""


class Answer(Struct, frozen=True, kw_only=True):
    """The end of one action; `acted_by` names who was first where it was refused."""

    action_id: ActionId
    outcome: Outcome
    text: str | None = None
    acted_by: str | None = None


def answers_in(view: AlarmView) -> tuple[Answer, ...]:
    """Find the gateway's answers to actions in the timeline of a view."""
    return tuple(
        Answer(
            action_id=entry.action_id,
            outcome=entry.outcome,
            text=entry.text,
            acted_by=entry.acted_by,
        )
        for entry in view.timeline
        if entry.action_id is not None and entry.outcome is not None
    )
