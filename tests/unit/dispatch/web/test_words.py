"""The console's words in both languages: one for every code that the gateway can send."""

import re
from pathlib import Path
from typing import get_args

import pytest

import dispatch.web
from alarm_gateway.core.policy import PriorityRules
from alarm_gateway.core.records import Condition, EscalationReason
from alarm_protocol.households import SIGNS
from alarm_protocol.messages import (
    Disposition,
    Doubt,
    ReferralParty,
    Remark,
    TrackAction,
    TrackStatus,
    Trigger,
)

STATIC = Path(dispatch.web.__file__).parent / "static"
KINDS = {str(action.__struct_config__.tag) for action in get_args(TrackAction)}
WITHOUT_OPERATOR = {
    "raised",
    "pressed_again",
    "refused",
    "escalated",
    "escalated_further",
    "other_escalated",
    "fault",
    "fault_over",
    "flood",
}
REASONS = {
    *PriorityRules.__struct_fields__,
    *get_args(EscalationReason),
    "cancel_requested",
    "device_silent",
}


def words(language: str, name: str) -> set[str]:
    """Return the codes for which a table of the catalogue has words."""
    text = (STATIC / f"{language}.js").read_text(encoding="utf-8")
    found = re.search(rf"export const {name} = {{(.*?)^}};", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return set(re.findall(r"^  (\w+):", found.group(1), re.MULTILINE))


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("status", set(get_args(TrackStatus))),
        ("triggers", set(get_args(Trigger))),
        ("doubts", set(get_args(Doubt))),
        ("remarks", set(get_args(Remark))),
        ("dispositions", set(get_args(Disposition))),
        ("conditions", set(get_args(Condition))),
        ("signals", set(SIGNS)),
        ("reasons", REASONS),
        ("referrals", set(get_args(ReferralParty))),
        ("timeline", KINDS | WITHOUT_OPERATOR),
        ("endings", {"test_expired", "fault_over"}),
    ],
)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_code_has_words(language: str, table: str, codes: set[str]) -> None:
    """An operator never reads a code where a word should be."""
    assert set() == codes - words(language, table)
