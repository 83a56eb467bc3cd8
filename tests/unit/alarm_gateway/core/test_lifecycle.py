"""The table of tracks."""

from typing import get_args

from alarm_gateway.core.lifecycle import TRANSITIONS, next_status
from alarm_protocol.messages import TrackAction, TrackStatus
from alarm_protocol.units import CONSOLES

KINDS = {action.__struct_config__.tag for action in get_args(TrackAction)}
STATUSES = set(get_args(TrackStatus))


def test_every_word_of_the_table_is_one_of_the_wire() -> None:
    """A typing error in the table would make an action impossible without a sound."""
    for table in TRANSITIONS.values():
        assert set() == set(table) - STATUSES
        for row in table.values():
            assert set() == set(row) - KINDS
            assert set() == set(row.values()) - STATUSES


def test_every_status_that_can_be_reached_is_in_the_table() -> None:
    """No track reaches a status that the table says nothing of."""
    for table in TRANSITIONS.values():
        reached = {status for row in table.values() for status in row.values()}
        assert set() == reached - set(table)


def test_every_track_can_be_closed() -> None:
    """From every status after accept an alarm can be closed."""
    for console in CONSOLES:
        for status in set(TRANSITIONS[console]) - {"open", "closed"}:
            assert "closed" == next_status(console, status, "close")


def test_the_police_reopen() -> None:
    """Reopening by hand is the police's; Veilig Thuis sees a new press."""
    assert "accepted" == next_status("police", "closed", "reopen")
    assert None is next_status("veilig_thuis", "closed", "reopen")


def test_nothing_closes_an_alarm_that_nobody_accepted() -> None:
    """An alarm has to be taken by a person before it can be ended."""
    for console in CONSOLES:
        assert None is next_status(console, "open", "close")


def test_veilig_thuis_dispatches_nobody() -> None:
    """Units are the police's."""
    for status in STATUSES:
        assert None is next_status("veilig_thuis", status, "assign_unit")
        assert None is next_status("veilig_thuis", status, "arrive")


def test_the_police_assess_no_safety() -> None:
    """The safety assessment, agreements, referrals and the hand-over are Veilig Thuis's."""
    for status in STATUSES:
        assert None is next_status("police", status, "safety_assessment")
        assert None is next_status("police", status, "hand_over")
        assert None is next_status("police", status, "conditions")
        assert None is next_status("police", status, "refer")


def test_agreements_and_referrals_leave_a_case_where_it_is() -> None:
    """From accepting to closing Veilig Thuis agrees and refers, and the case stays its own."""
    for kind in ("conditions", "refer"):
        fits = {status: next_status("veilig_thuis", status, kind) for status in STATUSES}
        at_work = {"accepted", "assessed", "handed_over"}
        assert {status: status for status in at_work} == {
            status: after for status, after in fits.items() if after is not None
        }
