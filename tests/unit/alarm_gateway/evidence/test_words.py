"""The Dutch words: one for every code, and the same as on the consoles."""

import re
from pathlib import Path
from typing import get_args

import pytest

from alarm_gateway.core.records import Condition
from alarm_gateway.evidence import words
from alarm_protocol.households import PoliceHousehold, VeiligThuisHousehold
from alarm_protocol.messages import Disposition, Doubt, ReferralParty, Remark, TrackStatus, Trigger

CONSOLE = Path(__file__).parents[4] / "dispatch" / "web" / "static" / "nl.js"


def console_words(name: str) -> dict[str, str]:
    """Read one table out of the console's Dutch."""
    text = CONSOLE.read_text(encoding="utf-8")
    body = re.search(rf"export const {name} = \{{(.*?)\n\}};", text, re.DOTALL)
    assert body
    return dict(re.findall(r'^  (\w+): "(.*)",$', body[1], re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "table", "codes"),
    [
        ("status", words.STATUSES, get_args(TrackStatus)),
        ("triggers", words.TRIGGERS, get_args(Trigger)),
        ("doubts", words.DOUBTS, get_args(Doubt)),
        ("remarks", words.REMARKS, get_args(Remark)),
        ("dispositions", words.DISPOSITIONS, get_args(Disposition)),
        ("referrals", words.REFERRALS, get_args(ReferralParty)),
        ("conditions", words.CONDITIONS, get_args(Condition)),
        ("reasons", words.REASONS, ()),
    ],
)
def test_evidence_speaks_as_the_consoles_do(
    name: str, table: dict[str, str], codes: tuple[str, ...]
) -> None:
    """An operator finds the words that stood on the screen, and none is missing."""
    assert console_words(name) == table
    assert set() == set(codes) - set(table)


@pytest.mark.parametrize("section", [PoliceHousehold, VeiligThuisHousehold])
def test_every_field_of_a_household_has_a_word(section: type) -> None:
    """No English name stands on a Dutch page."""
    fields = set(section.__struct_fields__) - {"synthetic"}  # type: ignore[attr-defined]
    assert set() == fields - set(words.FIELDS)
