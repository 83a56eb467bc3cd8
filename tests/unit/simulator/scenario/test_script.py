"""Scenario files: what may stand in them, and what is said of a mistake."""

import re
from pathlib import Path

import msgspec
import pytest

import simulator.scenario
from simulator.scenario.errors import ScenarioError
from simulator.scenario.plan import plan
from simulator.scenario.script import (
    AsListed,
    AtRandom,
    Attack,
    Expect,
    Fleet,
    InBursts,
    OnePress,
    Operators,
    OverTheDay,
    People,
    Script,
    Trouble,
    length_ms,
    read_script,
)
from simulator.scenario.shelf import find, overview, shipped, shipped_names

LEAST = """
title = "t"
shows = "s"
lasts = "1 h"
[fleet]
home_buttons = 3
[expect]
says = "e"
"""
WANTED = {
    "quiet-night",
    "busy-saturday",
    "offender-at-the-door",
    "false-alarm-month",
    "reconnect-storm",
    "national-outage",
    "attacker",
    "device-migration",
}


def test_the_scenarios_that_were_promised_are_there() -> None:
    """At least ten, with the eight that everybody asks for, and all are listed."""
    names = shipped_names()
    assert WANTED <= set(names)
    assert len(names) >= 10
    assert len(names) == overview().row_count


@pytest.mark.parametrize("name", shipped_names())
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_shipped_scenario_can_be_played(name: str, seed: int) -> None:
    """It parses, holds the presses it expects with any seed, and lasts a few minutes at most."""
    script = find(name)
    made = plan(script, seed)
    assert script.expect.presses_at_least <= made.presses
    assert made.presses + len(made.events) > 0
    assert script.lasts_ms / script.speed <= 120_000


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_says_first_what_it_shows(name: str) -> None:
    """The file begins with a comment in plain words, for somebody who opens it."""
    assert name in {one.name for one in shipped()}
    path = Path(simulator.scenario.__file__).parent / "shipped" / f"{name}.toml"
    lines = path.read_text("utf-8").splitlines()
    assert all(line.startswith("# ") for line in lines[:2])
    assert "" in lines[:6]


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [("90 s", 90_000), ("1.5 min", 90_000), ("2h", 7_200_000), ("1 day", 86_400_000)],
)
def test_lengths_are_as_people_write_them(text: str, expected_ms: int) -> None:
    """A number and a unit."""
    assert expected_ms == length_ms(text)


@pytest.mark.parametrize("text", ["", "5", "min", "-5 min", "5 weeks", "1e3 s", "5 min "])
def test_what_is_no_length_is_refused(text: str) -> None:
    """The line says how lengths are written."""
    with pytest.raises(ScenarioError, match="90 s, 5 min, 2 h or 30 days"):
        length_ms(text)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (LEAST.replace('lasts = "1 h"', ""), "missing required field 'lasts'"),
        (LEAST + "surprise = 1", "unknown field 'surprise', at expect"),
        (LEAST.replace('"1 h"', '"soon"'), "no length of time; write 90 s"),
        (LEAST.replace('"1 h"', '"0 s"'), "lasts = '0 s' is not between"),
        (LEAST.replace("= 3", '= "three"'), "at fleet.home_buttons"),
        (LEAST.replace("= 3", "= 0"), "there is no button"),
        (LEAST.replace("= 3", "= 3\nwrong_clocks = 4"), "more than the 3 buttons"),
        (LEAST + '[[presses]]\narrive = "now"', "'now', at presses"),
        (LEAST + "[people]\ngenuine = 0\nmispress = 0\ntest = 0", "nobody has a reason"),
        (
            LEAST + '[[trouble]]\nwhat = "link lost"\nat = "59 min"\nfor = "2 min"',
            "'link lost' at 59 min goes on after the end (1 h)",
        ),
        (
            LEAST + '[[trouble]]\nwhat = "tampered"\nat = "1 min"\nbutton = 4',
            "there is no button 4: there are 3",
        ),
        (
            LEAST + '[[presses]]\narrive = "as listed"\nlist = [{ at = "1 s", button = 9 }]',
            "there is no button 9: there are 3",
        ),
        ("title =", "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(changed: str, says: str) -> None:
    """One line names the scenario, the place, and what is wrong there."""
    with pytest.raises(ScenarioError) as caught:
        read_script(changed, "mine")
    said = str(caught.value)
    assert said.startswith("scenario mine")
    assert says in said
    assert "\n" not in said


def test_the_page_shows_every_line_that_a_scenario_may_have() -> None:
    """The sample of docs/scenarios.md is a whole scenario, and names every key there is."""
    page = Path(simulator.scenario.__file__).parents[2] / "docs" / "scenarios.md"
    (sample,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", page.read_text("utf-8"))
    assert plan(read_script(sample, "docs/scenarios.md"), 1).presses >= 1
    kinds: list[type[msgspec.Struct]] = [Script, Fleet, People, Operators, Expect, Trouble, Attack]
    kinds += [OnePress, AtRandom, InBursts, OverTheDay, AsListed]
    keys = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    named = set(re.findall(r"\b(\w+) =", sample)) | set(
        re.findall(r"^\[+(\w+)", sample, re.MULTILINE)
    )
    assert {"people"} >= keys - named  # a table of presses may have its own, like the fleet's
    for name in shipped_names():
        assert f"| `{name}` |" in page.read_text("utf-8")
