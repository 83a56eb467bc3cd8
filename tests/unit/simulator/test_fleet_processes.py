"""A fleet over several processes: who runs whom, and what the system allows."""

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_protocol.runtime.broker_url import parse_broker_url
from simulator.core.errors import StackError
from simulator.fleet import keep_alive_s
from simulator.fleet_processes import allow_files, check_loopback, shares


@given(st.integers(1, 10_000), st.integers(0, 100_000), st.integers(1, 64))
def test_every_device_is_in_exactly_one_share(first: int, count: int, processes: int) -> None:
    """Shares follow each other without gaps, and differ by one device at most."""
    split = shares(first, count, processes)
    devices = [number for one in split for number in range(one.first, one.first + one.count)]
    assert list(range(first, first + count)) == devices
    sizes = {one.count for one in split}
    assert not sizes or max(sizes) - min(sizes) <= 1
    assert len(split) == len({one.source for one in split})


def test_too_many_files_say_how_many_processes_it_takes() -> None:
    """The line holds both numbers and the way out."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        allow_files(10**6)
        return
    with pytest.raises(StackError, match=r"--processes \d+"):
        allow_files(hard * 2)


def test_processes_need_a_broker_on_this_machine() -> None:
    """Loopback addresses reach nobody else, and the line says so."""
    with pytest.raises(StackError, match="loopback"):
        check_loopback(parse_broker_url("mqtt://broker.example"))
    check_loopback(parse_broker_url("mqtt://127.0.0.1"))


def test_heartbeats_fill_the_keep_alive_with_one_missing() -> None:
    """A slow beat gets a long keep-alive, within what MQTT can say."""
    assert [60, 150, 65_000] == [keep_alive_s(1), keep_alive_s(60), keep_alive_s(10**6)]
