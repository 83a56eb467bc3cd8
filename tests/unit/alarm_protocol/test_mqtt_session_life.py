"""The life of a session: up, down, again, and its end; without a network and without waiting."""

import asyncio
import contextlib
import itertools
import socket
from typing import Any

import mqtt5
import pytest

from alarm_protocol.errors import SessionClosedError
from alarm_protocol.runtime.mqtt_session import (
    RECONNECT_S_MAX,
    Received,
    SessionState,
)
from tests.helpers.mqtt_memory import (
    Dialer,
    Session,
    message,
    on_virtual_time,
    suback,
    turn,
    until,
)


@on_virtual_time
async def test_states_tell_the_way_up_and_down() -> None:
    """Connected, lost, connected with the session kept, closed: each once, with a reason."""
    one = Session()
    link = await one.connected()
    link.lose(ConnectionResetError("reset"))
    await one.connected(2, session_present=True)
    await one.end()
    assert [
        SessionState(True, False, "connected to mqtt://broker.test:1883"),
        SessionState(False, False, "mqtt://broker.test:1883: reset"),
        SessionState(True, True, "connected to mqtt://broker.test:1883"),
        SessionState(False, False, "mqtt://broker.test:1883: closed"),
    ] == one.states


@on_virtual_time
async def test_malformed_bytes_are_a_named_reason_and_a_reconnect() -> None:
    """The session survives a broker that writes nonsense."""
    one = Session()
    link = await one.connected()
    link.give_bytes(b"\xff" * 8)
    await one.connected(2)
    assert "not MQTT 5" in one.states[1].detail
    assert one.states[2].connected
    await one.end()


@on_virtual_time
@pytest.mark.parametrize(
    "fault",
    [ValueError("a defect"), OSError("a disk"), TimeoutError("slow"), ConnectionResetError("odd")],
)
@pytest.mark.parametrize("before_ready", [True, False])
async def test_a_fault_of_the_owner_ends_run_with_that_fault(
    fault: Exception, before_ready: bool
) -> None:
    """Whatever `on_batch` raises comes out of `run`, also where it looks like the network's."""
    one = Session()

    def broken(_batch: list[Received]) -> None:
        raise fault

    one.on_batch = broken
    if before_ready:
        await until(lambda: one.dialer.links)
        await turn()
        one.dialer.links[0].give(mqtt5.ConnAckPacket(), message(1))
    else:
        (await one.connected()).give(message(1))
    with pytest.raises(type(fault)) as caught:
        await one.running
    assert caught.value is fault
    assert one.dialer.links[0].is_closing()


@on_virtual_time
@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("fault", [ValueError("a defect"), OSError("a full disk")])
async def test_a_fault_of_on_state_ends_run_with_that_fault(
    fault: Exception, connected: bool
) -> None:
    """A state that nobody could take is not a lost connection."""
    one = Session()

    def broken(state: SessionState) -> None:
        if state.connected == connected:
            raise fault

    one.on_state = broken
    link = await one.connected()
    if not connected:
        link.lose(None)
    with pytest.raises(type(fault)) as caught:
        await one.running
    assert caught.value is fault
    assert link.is_closing()


@on_virtual_time
async def test_a_fault_of_on_done_ends_run_with_that_fault() -> None:
    """Receipts are the owner's code too."""
    fault = KeyError("a defect")

    def broken(_taken: bool) -> None:
        raise fault

    one = Session()
    link = await one.connected()
    one.session.publish("out", b"", on_done=broken)
    await turn()
    link.give(mqtt5.PubAckPacket(1))
    with pytest.raises(KeyError) as caught:
        await one.running
    assert caught.value is fault


@on_virtual_time
async def test_a_broker_that_says_nothing_is_given_up_on() -> None:
    """TCP alone is no connection: after the limit comes the next attempt."""
    one = Session(connect_s_max=10)
    started_s = asyncio.get_running_loop().time()
    await until(lambda: one.states)
    assert 10 <= asyncio.get_running_loop().time() - started_s <= 10.1
    assert one.states[0].detail == "mqtt://broker.test:1883: no answer within 10 s"
    assert one.dialer.links[0].is_closing()
    await one.connected(2)
    await one.end()


@on_virtual_time
@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ConnectionRefusedError(111, "Connect call failed"), "Connect call failed"),
        (ConnectionResetError(), "ConnectionResetError"),
        (UnicodeError("label empty or too long"), "label empty or too long"),
    ],
)
async def test_an_unreachable_broker_is_tried_again(error: Exception, detail: str) -> None:
    """Each failure is told in words; the session goes on until it succeeds."""
    one = Session(Dialer([error, error]))
    await one.connected()
    assert [False, False, True] == [state.connected for state in one.states]
    assert all(detail in state.detail for state in one.states[:2])
    await one.end()


@on_virtual_time
async def test_pauses_grow_and_stay_within_five_seconds() -> None:
    """From 0.1 s up to 5 s between attempts, never the same for everyone."""
    one = Session(Dialer([OSError("down")] * 40))
    times_s: list[float] = []
    one.on_state = lambda _state: times_s.append(asyncio.get_running_loop().time())
    await until(lambda: len(times_s) == 20)
    pauses_s = [after - before for before, after in itertools.pairwise(times_s)]
    assert all(0.1 <= pause_s <= RECONNECT_S_MAX + 0.01 for pause_s in pauses_s)
    assert pauses_s[0] <= 0.21
    assert max(pauses_s) > 1
    await one.end()


@on_virtual_time
async def test_close_during_the_pause_ends_at_once() -> None:
    """Nobody waits for a reconnect that is not wanted any more."""
    one = Session(Dialer([OSError("down")] * 40))
    await until(lambda: len(one.states) == 10)
    calls, now_s = one.dialer.calls, asyncio.get_running_loop().time()
    await one.end()
    assert (calls, now_s) == (one.dialer.calls, asyncio.get_running_loop().time())


@on_virtual_time
async def test_close_while_the_address_is_looked_up_ends_at_once() -> None:
    """A name server or a host that does not answer does not hold up the end."""
    one = Session()

    async def never(*_: Any, **__: Any) -> None:
        await asyncio.sleep(1_000)

    setattr(asyncio.get_running_loop(), "create_connection", never)  # noqa: B010 - for mypy
    await turn()
    now_s = asyncio.get_running_loop().time()
    await one.end()
    assert now_s == asyncio.get_running_loop().time()
    assert [(False, "mqtt://broker.test:1883: closed")] == [
        (state.connected, state.detail) for state in one.states
    ]


@on_virtual_time
async def test_close_between_connect_and_connack_says_goodbye() -> None:
    """The broker may have taken us in already: the will must not be published."""
    one = Session()
    await until(lambda: one.dialer.links)
    await turn()
    await one.end()
    assert one.dialer.links[0].kinds() == ["Connect", "Disconnect"]


@on_virtual_time
async def test_close_between_connack_and_suback_says_goodbye() -> None:
    """So too where only the subscription is not answered yet."""
    one = Session()
    await until(lambda: one.dialer.links)
    await turn()
    one.dialer.links[0].give(mqtt5.ConnAckPacket())
    await turn()
    await one.end()
    assert one.dialer.links[0].kinds() == ["Connect", "Subscribe", "Disconnect"]


@on_virtual_time
async def test_close_before_run_and_twice_is_harmless() -> None:
    """Closing is always allowed, and `run` on a closed session ends by itself."""
    one = Session()
    await one.session.close()
    await one.session.close()
    await one.running
    assert one.dialer.links == []


@on_virtual_time
async def test_close_waits_for_what_is_under_way() -> None:
    """A last message that is acknowledged within the time gets out."""
    one = Session()
    link = await one.connected()
    one.session.publish("out", b"last")
    closing = asyncio.create_task(one.session.close(drain_s=2))
    await until(link.publishes)
    link.give(mqtt5.PubAckPacket(1))
    await closing
    await one.running
    assert link.kinds() == ["Connect", "Subscribe", "Publish", "Disconnect"]
    assert one.session.backlog == 0


@on_virtual_time
async def test_close_ends_without_a_peer_that_takes_our_goodbye() -> None:
    """A connection that does not close by itself is cut after a second."""
    one = Session()
    link = await one.connected()
    link.closes_when_asked = False
    started_s = asyncio.get_running_loop().time()
    await one.end()
    assert asyncio.get_running_loop().time() - started_s <= 1.01
    assert link.is_closing()


@on_virtual_time
async def test_after_close_nothing_can_be_published() -> None:
    """A message that will never leave is not taken."""
    one = Session()
    await one.connected()
    await one.end()
    with pytest.raises(SessionClosedError):
        one.session.publish("out", b"")


@on_virtual_time
async def test_cancelling_run_ends_the_connection() -> None:
    """Whoever stops the task stops the session, at every stage."""
    for stage in range(4):
        one = Session()
        if stage >= 1:
            await until(lambda: one.dialer.links)  # noqa: B023 - awaited here
        if stage >= 2:
            one.dialer.links[0].give(mqtt5.ConnAckPacket())
            await turn()
        if stage >= 3:
            one.dialer.links[0].give(suback(one.dialer.links[0]))
            await until(lambda: one.session.connected)  # noqa: B023 - awaited here
        one.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one.running
        assert one.running.cancelled()
        assert not one.session.connected
        assert all(link.is_closing() for link in one.dialer.links)
        await one.session.close()
