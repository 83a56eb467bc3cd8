"""What the world found once, as short plans: it must not come back."""

from simulator.world.plan import DevicePlan, Happening, Plan
from simulator.world.world import run_plan

DEVICE = DevicePlan(device_id="aware-000001", number=1)
AWAY = tuple(
    Happening(at_ms=1_000, kind="home", who=console, for_ms=3_600_000)
    for console in ("police", "veilig_thuis")
)


def plan(length_ms: int, *happenings: Happening) -> Plan:
    """Return a plan with one device, in which no operator acts."""
    return Plan(seed=1, length_ms=length_ms, devices=(DEVICE,), happenings=(*AWAY, *happenings))


def press(at_ms: int, how: str) -> Happening:
    """Return a press of the device."""
    return Happening(at_ms=at_ms, kind="press", who=DEVICE.device_id, how=how)


def test_an_alarm_that_does_not_change_is_verified_again_after_a_silence() -> None:
    """A gateway that stood still for 10 s answers what the consoles then ask."""
    pause = Happening(at_ms=100_000, kind="gateway-pause", for_ms=10_000)
    assert run_plan(plan(130_000, press(10_000, "press"), pause)).broken is None


def test_a_deaf_console_is_named_although_the_alarm_keeps_changing() -> None:
    """A button that hangs does not postpone that a console holds none of its presses."""
    down = Happening(at_ms=9_000, kind="console-restart", who="police", for_ms=40_000)
    presses = (press(at_ms, "press") for at_ms in range(10_000, 30_000, 700))
    assert run_plan(plan(60_000, down, *presses)).broken is None


def test_a_real_press_after_a_test_is_not_behind_the_tests_repeats() -> None:
    """A console that let a test wait is called unreachable in time for the real press."""
    down = Happening(at_ms=9_000, kind="console-restart", who="police", for_ms=60_000)
    slow = Happening(at_ms=9_000, kind="console-slow", who="police", for_ms=60_000, amount=1_500)
    tested, pressed = press(10_000, "test"), press(41_000, "duress")
    assert run_plan(plan(90_000, down, tested, pressed)).broken is None
    assert run_plan(plan(90_000, slow, tested, pressed)).broken is None
