"""The planner: a scenario and a seed give one schedule, and it is the one that was asked for."""

import random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.scenario.plan import AGAIN_MS, WALK_M_MAX, Plan, plan
from simulator.scenario.script import (
    AsListed,
    AtRandom,
    Attack,
    Expect,
    Fleet,
    InBursts,
    OnePress,
    OverTheDay,
    People,
    Presses,
    Script,
    Trouble,
)

BUTTONS = 9
LASTS = "2 h"
LASTS_MS = 7_200_000
ALL_REAL = People(genuine=1, mispress=0, test=0, again_percent=0)

presses: st.SearchStrategy[Presses] = st.one_of(
    st.builds(AtRandom, per_hour=st.floats(1, 60)),
    st.builds(
        InBursts,
        every=st.sampled_from(["1 min", "20 min", "3 h"]),
        presses=st.integers(1, 5),
        within=st.sampled_from(["0 s", "5 min"]),
    ),
    st.builds(
        OverTheDay,
        per_day=st.floats(1, 500),
        hours=st.tuples(*[st.floats(0, 9)] * 24),
        starts_at_hour=st.integers(0, 23),
    ),
    st.builds(
        AsListed,
        list=st.lists(
            st.builds(
                OnePress,
                at=st.sampled_from(["0 s", "5 min", "90 min"]),
                button=st.integers(1, BUTTONS),
            ),
            min_size=1,
            max_size=5,
        ).map(tuple),
    ),
)
trouble = st.builds(
    Trouble,
    what=st.sampled_from(
        [
            "link lost", "battery low", "battery dead", "tampered", "reconnect storm", "moved",
            "gateway away", "broker away", "everything away",
        ]
    ),
    at=st.sampled_from(["0 s", "10 min", "1 h"]),
    lasting=st.sampled_from([None, "0 s", "1 min", "30 min"]),
    buttons=st.one_of(st.integers(0, BUTTONS), st.just("all")),
    button=st.one_of(st.none(), st.integers(1, BUTTONS)),
)  # fmt: skip
attacks = st.builds(
    Attack,
    how=st.sampled_from(["strangers", "replays", "forged", "garbage"]),
    at=st.just("5 min"),
    lasting=st.sampled_from(["1 min", "30 min"]),
    per_minute=st.floats(0.1, 30),
)
scripts = st.builds(
    Script,
    title=st.just("t"),
    shows=st.just("s"),
    lasts=st.just(LASTS),
    fleet=st.integers(0, BUTTONS).map(
        lambda home: Fleet(home_buttons=home, mobile_buttons=BUTTONS - home, wrong_clocks=2)
    ),
    people=st.builds(People, again_percent=st.floats(0, 100), cancel_percent=st.floats(0, 100)),
    presses=st.lists(presses, max_size=3).map(tuple),
    trouble=st.lists(trouble, max_size=3).map(tuple),
    attack=st.lists(attacks, max_size=2).map(tuple),
    expect=st.just(Expect(says="e")),
)
seeds = st.integers(0, 2**31)


def script_of(
    *some: Presses, people: People = ALL_REAL, trouble: tuple[Trouble, ...] = ()
) -> Script:
    """Return a scenario of these presses."""
    return Script(
        title="t",
        shows="s",
        lasts=LASTS,
        fleet=Fleet(home_buttons=BUTTONS),
        people=people,
        presses=some,
        trouble=trouble,
        expect=Expect(says="e"),
    )


def moments(made: Plan) -> list[int]:
    """Return when presses are made."""
    return [event.at_ms for event in made.events if event.what == "press"]


@given(script=scripts, seed=seeds)
def test_the_same_seed_gives_the_same_schedule(script: Script, seed: int) -> None:
    """Nothing but the file and the seed decides, whatever else drew numbers before."""
    first = plan(script, seed)
    random.seed(seed + 1)
    assert first == plan(script, seed)


@given(script=scripts, seed=seeds)
def test_a_schedule_is_in_order_and_in_time(script: Script, seed: int) -> None:
    """Events come by their time, within the scenario, and to buttons that are there."""
    made = plan(script, seed)
    assert sorted(event.at_ms for event in made.events) == [event.at_ms for event in made.events]
    for event in made.events:
        assert 0 <= event.at_ms <= LASTS_MS
        assert -1 <= event.button < BUTTONS
        assert abs(event.east_m) <= WALK_M_MAX
        assert abs(event.north_m) <= WALK_M_MAX
    assert BUTTONS == len(made.devices)
    assert 2 == sum(device.clock_ahead_ms != 0 for device in made.devices)


@given(script=scripts, seed=seeds)
def test_nobody_presses_what_is_dead(script: Script, seed: int) -> None:
    """A press that nobody could ever get is no test of anything; a listed one is as listed."""
    made = plan(script, seed)
    listed = {
        one.button - 1 for some in script.presses if isinstance(some, AsListed) for one in some.list
    }
    dead = {event.button for event in made.events if event.what == "die"} - listed
    assert not [one for one in made.events if one.what == "press" and one.button in dead]


@given(script=scripts, seed=seeds)
def test_what_goes_away_for_a_time_comes_back(script: Script, seed: int) -> None:
    """Gateway, broker and moved devices are there in the end, whatever else happened."""
    made = plan(script, seed)
    for what in ("gateway", "broker"):
        stops = [one.at_ms for one in made.events if one.what == f"{what}_stop"]
        starts = [one.at_ms for one in made.events if one.what == f"{what}_start"]
        assert len(stops) == len(starts)
        assert max(stops, default=0) <= max(starts, default=0)
    for button in {one.button for one in made.events if one.what == "leave"}:
        left = max(one.at_ms for one in made.events if (one.what, one.button) == ("leave", button))
        assert any(
            one.at_ms >= left for one in made.events if (one.what, one.button) == ("back", button)
        )


@given(script=scripts, seed=seeds, more=presses)
def test_a_further_line_changes_nothing_else(script: Script, seed: int, more: Presses) -> None:
    """Every table has dice of its own: what it says does not hang on its neighbours."""
    longer = replace(script, presses=(*script.presses, more))
    before = [(one.at_ms, one.button, one.how) for one in plan(script, seed).events]
    after = [(one.at_ms, one.button, one.how) for one in plan(longer, seed).events]
    for one in before:
        after.remove(one)


def test_another_seed_gives_another_schedule() -> None:
    """Two seeds do not press at the same moments."""
    script = script_of(AtRandom(per_hour=100))
    assert moments(plan(script, 1)) != moments(plan(script, 2))


def test_random_presses_come_as_often_as_asked() -> None:
    """Over many seeds the mean is the rate, and the spread that of chance (Poisson)."""
    script = script_of(AtRandom(per_hour=50))
    counts = [plan(script, seed).presses for seed in range(200)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert 97 < mean < 103
    assert 70 < variance < 135


def test_a_day_profile_presses_in_its_hours() -> None:
    """Where an hour has no weight nobody presses; the hours count from midnight."""
    hours = [0.0] * 24
    hours[23] = 1.0
    script = script_of(OverTheDay(per_day=60, hours=tuple(hours), starts_at_hour=22))
    made = moments(plan(script, 1))
    assert all(at_ms >= LASTS_MS // 2 for at_ms in made)
    assert 30 < len(made) < 100


def test_bursts_come_at_their_times() -> None:
    """So many within so long, again and again."""
    made = moments(plan(script_of(InBursts(every="50 min", presses=7, within="1 min")), 1))
    assert [14, True, True] == [
        len(made),
        all(3_000_000 <= at_ms <= 3_060_000 for at_ms in made[:7]),
        all(6_000_000 <= at_ms <= 6_060_000 for at_ms in made[7:]),
    ]


def test_people_press_for_reasons_in_proportion() -> None:
    """Of 84 calls about 3 are genuine; tests say so, mispresses may be cancelled."""
    people = People(again_percent=0, cancel_percent=100)
    made = plan(script_of(AtRandom(per_hour=5_000), people=people), 1)
    reasons = [event.why for event in made.events if event.what == "press"]
    calls = len(reasons) - reasons.count("cancel")
    assert 0.025 < reasons.count("genuine") / calls < 0.047
    assert 0.9 < reasons.count("cancel") / reasons.count("mispress") <= 1.0
    assert {"test"} == {event.how for event in made.events if event.why == "test"}


def test_a_second_press_follows_the_first() -> None:
    """Who presses again does so on the same button, soon after."""
    people = replace(ALL_REAL, again_percent=100)
    listed = script_of(AtRandom(per_hour=1, end="30 min"), people=people)
    made = next(one for one in (plan(listed, seed) for seed in range(50)) if one.presses == 2)
    first, second = (event for event in made.events if event.what == "press")
    assert first.button == second.button
    assert AGAIN_MS[0] <= second.at_ms - first.at_ms <= AGAIN_MS[1]


@pytest.mark.parametrize("buttons", [3, "all"])
def test_trouble_reaches_as_many_as_asked(buttons: int | Literal["all"]) -> None:
    """Drawn ones are different ones; each has its end."""
    lost = Trouble(what="link lost", at="1 min", lasting="5 min", buttons=buttons)
    made = plan(script_of(trouble=(lost,)), 1)
    cut = {event.button for event in made.events if event.what == "cut"}
    back = {event.button for event in made.events if event.what == "back"}
    assert (BUTTONS if buttons == "all" else buttons) == len(cut)
    assert cut == back


def test_a_move_takes_one_device_after_the_other() -> None:
    """Over the whole time, each away for a moment."""
    moved = Trouble(what="moved", at="10 min", lasting="90 min", buttons="all")
    made = plan(script_of(trouble=(moved,)), 1)
    leaving = [event.at_ms for event in made.events if event.what == "leave"]
    assert [600_000 + 600_000 * number for number in range(BUTTONS)] == leaving
