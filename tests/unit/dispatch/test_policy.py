"""The guidance cards out of the policy file: an organisation's own, or the example."""

from pathlib import Path

import msgspec
import pytest

from alarm_protocol.guidance import Card, Guidance
from alarm_protocol.units import CONSOLES
from dispatch.core.errors import SettingsError
from dispatch.feed import Feed
from dispatch.policy import read_guidance
from dispatch.settings import Settings
from dispatch.web.rows import snapshot_of
from tests.unit.dispatch.web.conftest import NOBODY

OWN = """
[times]
accept_within_s = 20

[guidance.nl.police]
todo = ["Bel eerst de OvD."]
never = ["Afschalen zonder overleg."]
call = ["De officier van dienst."]
"""


def test_without_a_file_the_example_holds() -> None:
    """Every card has lines to show."""
    assert Guidance() == read_guidance(None)


async def test_an_organisations_own_card_reaches_its_page_and_no_other(tmp_path: Path) -> None:
    """It replaces that card whole; where all are the example's, the page is told so."""
    path = tmp_path / "policy.toml"
    path.write_text(OWN)
    guidance = read_guidance(path)
    own = Card(
        todo=("Bel eerst de OvD.",),
        never=("Afschalen zonder overleg.",),
        call=("De officier van dienst.",),
    )
    shown = []
    for console in CONSOLES:
        settings = Settings(
            console=console, broker=NOBODY, host="127.0.0.1", port=0, guidance=guidance
        )
        shown.append(msgspec.structs.astuple(snapshot_of(Feed(settings), ()).guidance))
    example = Guidance()
    assert [
        (own, example.en.police, False),
        (example.nl.veilig_thuis, example.en.veilig_thuis, True),
    ] == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[guidance.nl.police]\ntodo = []\n", r"guidance\.nl\.police"),
        ("[guidance.fr]\n", "fr"),
        ("guidance = 3\n", "guidance"),
        ("[guidance", "no guidance that can be read"),
    ],
)
def test_a_wrong_card_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    """A typing error never becomes the example without a word."""
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=says):
        read_guidance(path)
