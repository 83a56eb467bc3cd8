"""One timer for many devices."""

import asyncio

from simulator.schedule import STEP_S, Schedule


async def test_everybody_is_woken_in_order_and_never_early() -> None:
    """Whatever the order of asking, wakes come by their time."""
    schedule = Schedule()
    loop = asyncio.get_running_loop()
    woken: list[tuple[str, float]] = []
    done = asyncio.Event()
    start_s = loop.time()
    for name, delay_s in (("c", 0.02), ("a", -1.0), ("b", 0.01)):
        schedule.after(delay_s, lambda name=name: woken.append((name, loop.time() - start_s)))  # type: ignore[misc]
    schedule.after(0.03, done.set)
    await asyncio.wait_for(done.wait(), 5)
    assert ["a", "b", "c"] == [name for name, _ in woken]
    assert woken[1][1] >= 0.01
    assert woken[2][1] >= 0.02


async def test_who_asks_again_while_being_woken_is_woken_again() -> None:
    """A wake far away that is asked for in a turn does not put off the nearer ones."""
    schedule = Schedule()
    count = 0
    done = asyncio.Event()

    def again() -> None:
        nonlocal count
        count += 1
        schedule.after(3_600, lambda: None)
        if count < 3:
            schedule.after(0.0, again)
        else:
            done.set()

    schedule.after(0.0, again)
    schedule.after(2 * STEP_S, lambda: None)
    await asyncio.wait_for(done.wait(), 5)
    schedule.stop()
    assert 0 == len(schedule)


async def test_a_stopped_schedule_wakes_nobody() -> None:
    """After the end nothing happens any more."""
    schedule = Schedule()
    woken: list[int] = []
    schedule.after(0.0, lambda: woken.append(1))
    schedule.stop()
    await asyncio.sleep(2 * STEP_S)
    assert [] == woken
