"""The norms report: every figure on a journal whose answer is known by hand."""

from collections.abc import Iterable

import pytest

from alarm_gateway.core.calendar import DAY_MS
from alarm_gateway.core.inputs import HeartbeatReceived, Tick
from alarm_gateway.core.records import Record, SupervisionChanged
from alarm_gateway.evidence.facts import Facts, facts_of
from alarm_gateway.evidence.figures import REPORTING_MS, YEAR_MS, figures_of
from alarm_gateway.evidence.norms import Figure
from alarm_protocol.messages import (
    Accept,
    Arrive,
    AssignUnit,
    Close,
    Heartbeat,
    Reopen,
    SafetyAssessment,
)
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs
from tests.helpers.evidence import Story, rows_of
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, confirmed

LONG_AFTER_MS = NOW_MS + 40 * DAY_MS


def figures(
    story: Story,
    name: str,
    who: str = "police",
    *,
    now_ms: int = LONG_AFTER_MS,
    from_ms: int = 0,
    to_ms: int = 2 * NOW_MS,
) -> list[Figure]:
    """Return the figures of one norm and place."""
    facts = facts_of(rows_of(story.records), {})
    return [
        one
        for one in figures_of(facts, from_ms, to_ms, now_ms)
        if (one.norm.norm, one.norm.who) == (name, who)
    ]


def answered(waits_ms: Iterable[int]) -> Story:
    """Tell of alarms that the police accept after so long, each of a time of its own."""
    story = Story()
    for wait_ms in waits_ms:
        alarm_id = story.press(after_ms=3_600_000)
        story.act("police", Accept, alarm_id, wait_ms)
        story.act("veilig_thuis", Accept, alarm_id)
        for console in ("police", "veilig_thuis"):
            story.act(console, Close, alarm_id, disposition="mispress", reason="vergist")
        story.confirm(alarm_id)
    return story


def test_en_50518_is_met_at_its_limits_exactly() -> None:
    """80% within 30 s: eight of ten at exactly 30 s meet it, seven do not."""
    good = figures(answered([30_000] * 8 + [30_001] * 2), "EN 50518")
    assert [("meets", 8, 10), ("meets", 10, 10)] == [
        (one.verdict, one.within, one.count) for one in good
    ]
    bad = figures(answered([30_000] * 7 + [60_001] * 3), "EN 50518")
    assert ["does not meet", "does not meet"] == [one.verdict for one in bad]
    assert {"p50": 30_000, "p90": 60_001} == {
        name: bad[0].percentiles[name] for name in ("p50", "p90")
    }


def test_the_other_answer_norms_have_their_own_limits() -> None:
    """NENA 15 s in 90% and 20 s in 95%, NFPA 10 s in 90%."""
    story = answered([10_000] * 18 + [15_000, 20_001])
    nena = figures(story, "NENA-STA-020")
    assert [("meets", 19), ("meets", 19)] == [(one.verdict, one.within) for one in nena]
    assert [("meets", 18)] == [
        (one.verdict, one.within) for one in figures(story, "NFPA 1225") if one.norm.limit == 10_000
    ]


def test_an_alarm_that_nobody_accepts_counts_once_it_waited_too_long() -> None:
    """It is no answer within the limit, and has no time of its own yet."""
    story = answered([1_000])
    story.press(OTHER_DEVICE, after_ms=1_000)
    early = figures(story, "EN 50518", now_ms=story.at_ms + 30_000)[0]
    late = figures(story, "EN 50518", now_ms=story.at_ms + 30_001)[0]
    assert (1, 1, 0, 1) == (early.count, early.within, early.unfinished, early.pending)
    assert (2, 1, 1, 0) == (late.count, late.within, late.unfinished, late.pending)
    assert (None, None) == (late.longest, late.percentiles["p90"])


def test_a_test_is_left_out_until_a_real_press_overrides_it() -> None:
    """Then the alarm counts, from that press on."""
    story = Story()
    alarm_id = story.press(trigger="test")
    assert 0 == figures(story, "EN 50518")[0].count
    story.press(after_ms=5_000)
    story.act("police", Accept, alarm_id, 2_000)
    (first, _) = figures(story, "EN 50518")
    assert (1, 2_000) == (first.count, first.longest)


def test_an_alarm_pressed_again_after_closing_is_a_new_call() -> None:
    """An agency that had closed it has to answer again."""
    story = Story()
    alarm_id = story.press()
    story.act("police", Accept, alarm_id, 1_000)
    story.act("police", Close, alarm_id, 1_000, disposition="mispress", reason="vergist")
    story.press(after_ms=60_000)
    story.act("police", Accept, alarm_id, 9_000)
    (first, _) = figures(story, "EN 50518")
    assert (2, 9_000) == (first.count, first.longest)


def test_reopening_is_no_new_call() -> None:
    """Whoever reopens has it in hand already."""
    story = Story()
    alarm_id = story.press()
    story.act("police", Accept, alarm_id, 1_000)
    story.act("police", Close, alarm_id, 1_000, disposition="mispress", reason="vergist")
    story.act("police", Reopen, alarm_id, 1_000, reason="toch")
    assert 1 == figures(story, "EN 50518")[0].count


def test_processing_is_from_accepted_to_the_first_unit() -> None:
    """NFPA 1225: 60 s; a mispress needs no unit, and Veilig Thuis has none."""
    story = answered([1_000])
    alarm_id = story.press(after_ms=1_000)
    story.act("police", Accept, alarm_id, 5_000)
    story.act("police", AssignUnit, alarm_id, 60_001, unit="HM 21.01")
    story.act("police", AssignUnit, alarm_id, 60_001, unit="HM 21.02")
    one = figures(story, "NFPA 1225")[-1]
    assert ("does not meet", 1, 60_001) == (one.verdict, one.count, one.longest)
    assert "not measurable" == figures(story, "NFPA 1225", "Veilig Thuis")[-1].verdict


def test_the_police_are_on_the_scene_within_15_minutes_of_a_priority_1() -> None:
    """A unit's arrival counts from the alarm; other priorities are not counted."""
    story = Story()
    alarm_id = story.press()
    story.act("police", Accept, alarm_id, 1_000)
    story.act("police", AssignUnit, alarm_id, 1_000, unit="HM 21.01")
    story.act("police", Arrive, alarm_id, 898_000, unit="HM 21.01")
    story.press(OTHER_DEVICE, signed=False)
    (one,) = figures(story, "Dutch police, priority 1")
    assert ("meets", 1, 900_000) == (one.verdict, one.count, one.longest)


def test_a_reopened_alarm_waits_for_its_unit_again() -> None:
    """Closed without a unit it was left out; reopened, the time since it was accepted counts."""
    story = Story()
    alarm_id = story.press()
    story.act("police", Accept, alarm_id, 1_000)
    story.act("police", Close, alarm_id, 1_000, disposition="mispress", reason="vergist")
    assert 0 == figures(story, "NFPA 1225")[-1].count
    story.act("police", Reopen, alarm_id, 1_000, reason="toch")
    assert 1 == figures(story, "NFPA 1225")[-1].unfinished


def test_a_reopened_alarm_is_not_held_to_retention() -> None:
    """It is being worked on, whenever it was closed before."""
    story = answered([1_000])
    assert 1 == figures(story, "Retention, police", "")[0].count
    story.act("police", Reopen, AlarmId(f"{DEVICE}.1"), 1_000, reason="toch")
    assert 0 == figures(story, "Retention, police", "")[0].count


def test_an_alarm_that_became_priority_1_is_held_to_15_minutes() -> None:
    """A verified press after a doubtful one."""
    story = Story()
    alarm_id = story.press(signed=False)
    story.press(after_ms=1_000)
    story.act("police", Accept, alarm_id, 1_000)
    story.act("police", AssignUnit, alarm_id, 1_000, unit="HM 21.01")
    story.act("police", Arrive, alarm_id, 1_000)
    (one,) = figures(story, "Dutch police, priority 1")
    assert (1, 4_000) == (one.count, one.longest)


def test_a_clock_that_is_a_moment_ahead_makes_no_negative_time() -> None:
    """Two clocks never agree to the millisecond."""
    story = Story()
    story.press(pressed_at_ms=NOW_MS + 500)
    assert 0 == figures(story, "EN 50131-1", "")[0].longest


def test_a_fault_is_no_call_until_somebody_presses() -> None:
    """Answer times are about people; the call begins with the press."""
    story = Story()
    silences(story)
    assert 0 == figures(story, "EN 50518")[0].count
    story.at_ms += 500_000
    alarm_id = story.press()
    story.act("police", Accept, alarm_id, 4_000)
    assert (1, 4_000) == (
        figures(story, "EN 50518")[0].count,
        figures(story, "EN 50518")[0].longest,
    )


def test_tests_are_no_work_in_the_figures_of_work() -> None:
    """An operator who answers a test has one alarm less than it seems."""
    story = Story()
    story.act("police", Accept, story.press(trigger="test"), 1_000)
    assert {0.0} == {one.mean for one in figures(story, "ISA-18.2 / EEMUA 191")}


def test_a_press_without_a_readable_time_is_in_no_time() -> None:
    """It is an alarm like any other, and no figure takes it for one of 1969."""
    story = Story()
    story.press(pressed_at_ms=-1)
    story.press(OTHER_DEVICE)
    assert "malformed_field" in story.records[0].event.remarks  # type: ignore[union-attr]
    facts = facts_of(rows_of(story.records), {})
    assert 2 == len(facts.presses)
    found = figures_of(facts, 0, 2 * NOW_MS, LONG_AFTER_MS)
    between_clocks = ("pressed, to in the journal", "press sent, to in the journal")
    timed = [
        one for one in found if one.norm.norm == "SIA DC-09" or one.norm.what in between_clocks
    ]
    assert [(1, 0)] * 3 == [(one.count, one.longest) for one in timed]


def silences(story: Story, after_ms: int = 100_000) -> list[Record]:
    """Let a device fall silent, and return what was written."""
    beat = HeartbeatReceived(
        DEVICE, Heartbeat(device_id=DEVICE, sent_at_ms=TimestampMs(story.at_ms))
    )
    story.gateway.take(beat, now_ms=story.at_ms)
    story.gateway.take(Tick(), now_ms=story.at_ms + after_ms)
    return story.records


def test_reporting_time_is_from_the_last_sign_of_life() -> None:
    """DP4: 90 s by EN 50136-1; one later than that is said, not hidden."""
    story = Story()
    silences(story, 85_250)
    (one,) = figures(story, "EN 50136-1", "DP4")
    assert ("meets", 1, 85_250) == (one.verdict, one.count, one.longest)
    late = Story()
    silences(late, 90_001)
    (one,) = figures(late, "EN 50136-1", "DP4")
    assert ("does not meet", 1, 90_001) == (one.verdict, one.count, one.longest)
    for category in set(REPORTING_MS) - {"DP4"}:
        assert "not measurable" == figures(story, "EN 50136-1", category)[0].verdict


def test_a_silence_without_a_beginning_is_said_to_be_one() -> None:
    """Rows of an older gateway are counted in the note, and not as zero."""
    story = Story()
    old = Record(
        device_id=DEVICE,
        version=1,
        at_ms=TimestampMs(NOW_MS),
        alarm_id=None,
        event=SupervisionChanged(condition="silent", active=True, effect="none"),
    )
    facts = facts_of(rows_of([old]), {})
    assert (1, []) == (facts.silences_undated, facts.silences)
    notes = {one.note for one in figures_of(facts, 0, 2 * NOW_MS, NOW_MS)}
    assert any("1 older faults do not say since when" in note for note in notes)
    assert [] == story.records


def test_the_way_of_a_press_is_measured_in_parts() -> None:
    """Pressed, sent, in the journal, on each console; a doubted clock is left out."""
    story = Story()
    alarm_id = story.press(pressed_at_ms=NOW_MS - 4_000, sent_at_ms=NOW_MS - 300)
    story.gateway.take(confirmed("police", alarm_id, 1), now_ms=NOW_MS + 20)
    story.gateway.take(confirmed("veilig_thuis", alarm_id, 1), now_ms=NOW_MS + 50)
    story.press(OTHER_DEVICE, signed=False, pressed_at_ms=1)
    assert 4_000 == figures(story, "EN 50131-1", "")[0].longest
    assert "1 presses with a doubt" in figures(story, "EN 50131-1", "")[0].note
    assert 300 == figures(story, "own figure", "")[0].longest
    assert 20 == figures(story, "own figure", "police")[0].longest
    assert 50 == figures(story, "own figure", "Veilig Thuis")[0].longest


def test_a_later_version_on_a_console_delivers_the_earlier_presses_too() -> None:
    """A view is the whole truth: whoever holds version 2 has the press of version 1."""
    story = Story()
    alarm_id = story.press()
    story.press(after_ms=100)
    story.gateway.take(confirmed("police", alarm_id, 2), now_ms=NOW_MS + 150)
    facts = facts_of(rows_of(story.records), {})
    assert [150, 50] == [one.delivered_ms["police"] - one.journalled_ms for one in facts.presses]


def test_hold_up_delay_is_at_most_10_seconds() -> None:
    """EN 50131-1 asks it of every one."""
    story = Story()
    story.press(pressed_at_ms=NOW_MS - 10_001)
    story.press(pressed_at_ms=NOW_MS)
    (one,) = figures(story, "EN 50131-1", "")
    assert ("does not meet", 1, 2) == (one.verdict, one.within, one.count)


def test_work_is_reckoned_for_each_operator_who_acted() -> None:
    """Three alarms in ten minutes are 1.5 for each of two operators, 3 for one."""
    start_ms = (NOW_MS // 600_000 + 1) * 600_000
    story = Story(start_ms)
    for number in range(3):
        alarm_id = story.press(DEVICE, after_ms=1_000)
        operator = "Ans" if number else "Bob"
        for console in ("police", "veilig_thuis"):
            who = operator if console == "police" else "Bea"
            story.act(console, Accept, alarm_id, 1_000, operator=who)
            story.act(
                console, Close, alarm_id, 10, operator=who, disposition="mispress", reason="x"
            )
    police = figures(story, "ISA-18.2 / EEMUA 191", "police", to_ms=4 * NOW_MS)
    thuis = figures(story, "ISA-18.2 / EEMUA 191", "Veilig Thuis", to_ms=4 * NOW_MS)
    assert [(1.5, "does not meet"), (1.5, "meets"), (1.5, "meets")] == [
        (one.mean, one.verdict) for one in police
    ]
    assert [(3, "does not meet"), (3, "does not meet"), (3, "meets")] == [
        (one.mean, one.verdict) for one in thuis
    ]


def test_a_flood_for_one_operator_is_called_one() -> None:
    """Eleven alarms in ten minutes, and nobody who acts: reckoned as for one."""
    story = Story((NOW_MS // 600_000 + 1) * 600_000)
    for number in range(11):
        story.press(DeviceId(f"stranger-{number}"), after_ms=10)
    *_, flood = figures(story, "ISA-18.2 / EEMUA 191", "police", to_ms=4 * NOW_MS)
    assert ("does not meet", 11) == (flood.verdict, flood.longest)
    assert "in 1 of them nobody did" in flood.note


def test_the_safety_assessment_is_held_to_its_working_days() -> None:
    """In time, late, not needed, and still to come."""
    story = answered([1_000])
    alarm_id = story.press()
    due_ms = figures_due(story, alarm_id)
    before = figures(story, "Veilig Thuis", "Veilig Thuis", now_ms=due_ms)[0]
    overdue = figures(story, "Veilig Thuis", "Veilig Thuis", now_ms=due_ms + 1)[0]
    assert ("not measurable", 1) == (before.verdict, before.pending)
    assert ("does not meet", 1) == (overdue.verdict, overdue.unfinished)
    story.act("veilig_thuis", Accept, alarm_id)
    story.act("veilig_thuis", SafetyAssessment, alarm_id, due_ms - story.at_ms, text="veilig")
    done = figures(story, "Veilig Thuis", "Veilig Thuis")[0]
    assert ("meets", 0) == (done.verdict, done.longest)


def figures_due(story: Story, alarm_id: AlarmId) -> int:
    """Return when the assessment of an alarm is due."""
    facts = facts_of(rows_of(story.records), {})
    (call,) = [
        one for one in facts.calls if one.alarm_id == alarm_id and one.console == "veilig_thuis"
    ]
    return call.assess_by_ms or 0


def test_closed_alarms_are_held_to_their_retention_whatever_the_period() -> None:
    """Five years out of daily use, ten destroyed."""
    story = answered([1_000])
    now_ms = story.at_ms + 6 * YEAR_MS
    five, ten = figures(story, "Retention, police", "", now_ms=now_ms, from_ms=now_ms - 1)
    assert ("does not meet", "meets") == (five.verdict, ten.verdict)


def test_only_what_began_in_the_period_is_counted() -> None:
    """From is in, to is out; an answer after the period still counts for its alarm."""
    story = answered([1_000, 2_000, 3_000])
    start_ms = NOW_MS + 2 * 3_600_000 + 1_000
    (first, _) = figures(story, "EN 50518", from_ms=start_ms, to_ms=start_ms + 1)
    assert (1, 2_000) == (first.count, first.longest)
    assert 0 == figures(story, "EN 50518", from_ms=start_ms + 1, to_ms=start_ms + 2)[0].count


def test_an_empty_journal_measures_nothing_and_meets_nothing() -> None:
    """No figure is met for want of alarms."""
    found = figures_of(Facts(), 0, NOW_MS, NOW_MS)
    assert {"not measurable"} == {one.verdict for one in found}
    assert all(one.note for one in found)


def test_every_norm_of_the_field_is_in_the_report_and_none_claims_conformance() -> None:
    """Each row of the table in docs/domain.md; outside figures are marked as background."""
    found = figures_of(Facts(), 0, NOW_MS, NOW_MS)
    assert {
        "EN 50518", "NENA-STA-020", "NFPA 1225", "EN 50136-1", "EN 50131-1", "own figure",
        "Dutch police, priority 1", "SIA DC-09", "ISA-18.2 / EEMUA 191", "AVS-01", "Veilig Thuis",
        "Retention, police",
    } == {one.norm.norm for one in found}  # fmt: skip
    assert {"own figure"} == {one.norm.norm for one in found if not one.norm.background}


@pytest.mark.parametrize("attribute", ["source", "norm", "what"])
def test_each_norm_says_what_it_is_and_where_it_is_from(attribute: str) -> None:
    """No figure stands without its source."""
    found = figures_of(Facts(), 0, NOW_MS, NOW_MS)
    assert all(getattr(one.norm, attribute) for one in found)
