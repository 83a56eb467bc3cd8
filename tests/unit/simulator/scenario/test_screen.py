"""What is shown of a run: live on a terminal, plain lines elsewhere, and the verdict."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from alarm_protocol.messages import AlarmView, Feedback
from alarm_protocol.units import CONSOLES, POLICE, DeviceId, PressId, TimestampMs
from simulator.scenario.account import ScenarioAccount, Standing
from simulator.scenario.screen import LINES_PER_RUN, Screen, clock_text, report
from simulator.scenario.shelf import find
from simulator.scenario.verdict import checks_of
from tests.helpers.gateway import Gateway, closed_by_both, press, view

STANDING = Standing(presses=7, waiting=1, alarms=5, open_alarms=2, doubled=0)
CHAIN = "journal ok: 9 records, last hash 00"
SCRIPT = find("quiet-night")


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    """Return a console and what is written to it."""
    written = io.StringIO()
    return Console(file=written, force_terminal=terminal, width=100), written


def pressed(account: ScenarioAccount, gateway: Gateway) -> list[AlarmView]:
    """Press once for a reason, and return what each console is shown of it."""
    effects = gateway.take(press(1))
    shown = [view(effects, one) for one in CONSOLES]
    made = shown[0].presses[0].press_id
    account.pressed(made, shown[0].device_id, "genuine", 1_000)
    return shown


def finished() -> ScenarioAccount:
    """Return the account of one press that everybody knows of, and that is closed."""
    account, gateway = ScenarioAccount(), Gateway()
    shown = pressed(account, gateway)
    for one, name in zip(shown, CONSOLES, strict=True):
        account.viewed(name, one, 2_000)
    (made,) = shown[0].presses
    told = Feedback(
        press_id=made.press_id,
        alarm_id=shown[0].alarm_id,
        status="received",
        at_ms=TimestampMs(1),
    )
    account.answered(told, 3_000)
    closed_by_both(gateway)
    return account


def test_plain_lines_are_few_whatever_the_length() -> None:
    """Off a terminal a run says some twenty lines, with everything that counts in each."""
    out, written = console(terminal=False)
    with Screen(out, SCRIPT, 60.0) as screen:
        for step in range(1_001):
            screen.show(SCRIPT.lasts_ms * step // 1_000, STANDING, online=3, rate_per_s=1.0)
    lines = written.getvalue().splitlines()
    assert LINES_PER_RUN + 1 == len(lines)
    assert (
        "08:00:00 of 08:00:00  presses 7  waiting 1  alarms 5  open 2  double 0  online 3"
        == lines[-1]
    )
    assert "\x1b" not in written.getvalue()


def test_a_terminal_shows_it_live() -> None:
    """Progress, rate, open alarms and doubles are there, and the place is cleared in the end."""
    out, written = console(terminal=True)
    with Screen(out, SCRIPT, 60.0) as screen:
        screen.show(3_600_000, STANDING, online=3, rate_per_s=1.5)
    shown = written.getvalue()
    for part in ("01:00:00 of 08:00:00", "60 times faster", "3 of 60", "1.5 a second", "2 open"):
        assert part in shown
    assert "\x1b[2K" in shown


def test_times_of_many_days_say_so() -> None:
    """A month has days."""
    assert ["00:00:00", "23:59:59", "29 d 01:02:03"] == [
        clock_text(0),
        clock_text(86_399_999),
        clock_text(29 * 86_400_000 + 3_723_000),
    ]


def test_a_run_as_expected_passes() -> None:
    """Every line is ok, and the last one says so."""
    account = finished()
    checks = checks_of(find("offender-at-the-door"), account, CHAIN, left=0)
    wrong = [check.what for check in checks if not check.holds]
    assert [
        "presses, at least 2",
        "fault link_lost is shown",
        "presses that joined an open alarm, at least 1",
    ] == wrong
    out, written = console(terminal=False)
    assert not report(out, SCRIPT, account, checks)
    assert f"FAIL (3 of {len(checks)} checks) Quiet night" == written.getvalue().splitlines()[-1]
    good = [check for check in checks if check.holds]
    assert report(out, SCRIPT, account, good)
    assert "PASS Quiet night" == written.getvalue().splitlines()[-1]


@pytest.mark.parametrize("missing", ["lost", "double", "doubt", "open", "chain", "refused"])
def test_whatever_must_never_be_fails_the_run(missing: str) -> None:
    """Lost, double, doubted, left open, a broken chain, a press not taken: each has its line."""
    account, chain, left = finished(), CHAIN, 0
    if missing == "lost":
        account.pressed(PressId("lost"), DeviceId("aware-000002"), "test", 1)
    elif missing == "double":
        (shown, _) = pressed(other := ScenarioAccount(), Gateway())
        assert other.standing().waiting
        twice = shown.presses * 2
        account.viewed(POLICE, replace(shown, presses=twice, press_count=2), 5)
    elif missing == "doubt":
        (shown, _) = pressed(ScenarioAccount(), Gateway())
        doubted = tuple(replace(one, doubts=("bad_signature",)) for one in shown.presses)
        account.viewed(POLICE, replace(shown, presses=doubted), 5)
    elif missing == "open":
        left = 1
    elif missing == "chain":
        chain = "journal is broken"
    else:
        account.pressed(None, DeviceId("aware-000002"), "test", 1)
    script = find("quiet-night")
    before = {one.what for one in checks_of(script, finished(), CHAIN, 0) if not one.holds}
    wrong = {one.what for one in checks_of(script, account, chain, left) if not one.holds}
    assert wrong > before - {"presses, at least 2"}
    expected = {
        "lost": "lost on police",
        "double": "double",
        "doubt": "own presses with a doubt",
        "open": "alarms left open",
        "chain": "journal",
        "refused": "presses that a device did not take",
    }
    assert expected[missing] in wrong
