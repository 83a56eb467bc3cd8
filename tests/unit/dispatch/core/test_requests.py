"""From posted JSON to an action: complete and stamped, or one clear line that says why not."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from alarm_protocol.codec import decode_action, encode
from alarm_protocol.messages import Accept, Close, HandOver, Note, TrackAction
from alarm_protocol.units import ActionId, AlarmId, ConsoleId, TimestampMs
from dispatch.core.access import KINDS
from dispatch.core.requests import BadRequest, Stamp, build_action, name_action

ALARM = AlarmId("aware-000123.1")
STAMP = Stamp(
    action_id=ActionId("act-1"),
    at_ms=TimestampMs(1_795_503_119_000),
    version=4,
    operator="K. de Boer",
    kinds=KINDS["police"],
)

COMPLETE: dict[str, dict[str, Any]] = {
    "accept": {},
    "assign_unit": {"unit": "HM 21.01"},
    "arrive": {},
    "note": {"text": "eerste regel\ntweede regel"},
    "close": {"disposition": "genuine", "reason": "verdachte aangehouden"},
    "reopen": {"reason": "te vroeg afgesloten"},
    "safety_assessment": {"text": "acuut gevaar"},
    "conditions": {"text": "geen contact\nkinderen bij oma"},
    "refer": {"party": "wijkagent", "text": "stopgesprek"},
    "hand_over": {"to": "lokaal team Leiden", "text": "zie dossier"},
}


def build(console: ConsoleId = "police", /, **body: Any) -> TrackAction | BadRequest:
    """Build as an operator of this console."""
    stamp = structs.replace(STAMP, kinds=KINDS[console])
    return build_action(console, ALARM, body, stamp)


def refused(result: TrackAction | BadRequest) -> BadRequest:
    """Return the refusal, and fail where there is none."""
    assert isinstance(result, BadRequest)
    return result


@pytest.mark.parametrize(
    ("console", "kind"), [(console, kind) for console, kinds in KINDS.items() for kind in kinds]
)
def test_every_allowed_kind_becomes_an_action_of_the_wire(console: ConsoleId, kind: str) -> None:
    """What a console may do can be built, encoded, and read again as the same."""
    action = build(console, kind=kind, **COMPLETE[kind])
    assert not isinstance(action, BadRequest)
    assert action == decode_action(encode(action))
    assert kind == msgspec.to_builtins(action)["kind"]


def test_the_server_stamps_id_time_version_and_operator() -> None:
    """None of them can be chosen from outside, but what the operator saw may be told."""
    stamped = {"action_id": "mine", "at_ms": 1, "alarm_id": "other.1", "operator": "Not Me"}
    expected = Accept(
        action_id=ActionId("act-1"),
        alarm_id=ALARM,
        seen_version=4,
        operator="K. de Boer",
        at_ms=STAMP.at_ms,
    )
    assert expected == build(kind="accept", **stamped)
    for seen in (3, 3.0):
        assert structs.replace(expected, seen_version=3) == build(kind="accept", seen_version=seen)


@pytest.mark.parametrize(
    ("console", "kind"),
    [
        ("police", "safety_assessment"),
        ("police", "hand_over"),
        ("police", "conditions"),
        ("police", "refer"),
        ("veilig_thuis", "assign_unit"),
        ("veilig_thuis", "arrive"),
        ("veilig_thuis", "reopen"),
    ],
)
def test_what_the_other_agency_does_is_not_allowed(console: ConsoleId, kind: str) -> None:
    """Veilig Thuis never dispatches, and the police never assess a case."""
    problem = refused(build(console, kind=kind, **COMPLETE[kind]))
    assert problem.reason == "not_allowed"
    assert kind in problem.nl
    assert "accept" in problem.en


def test_who_only_looks_acts_on_nothing() -> None:
    """A role without actions is told so, whatever it asks for."""
    stamp = structs.replace(STAMP, kinds=())
    problem = refused(build_action("police", ALARM, {"kind": "accept"}, stamp))
    assert "read_only" == problem.reason
    assert "meekijken" in problem.nl


@pytest.mark.parametrize("kind", [None, "", "confirm_delivery", "ACCEPT", 3, ["accept"], {}])
def test_an_unknown_kind_is_named_with_the_choices(kind: object) -> None:
    """Anything that is no kind gives the list of kinds."""
    problem = refused(build(kind=kind))
    assert problem.reason == "unknown_kind"
    assert "accept, assign_unit, arrive, note, close, reopen" in problem.en


@pytest.mark.parametrize("body", [None, [], "accept", 1, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    """The line shows what an object would look like."""
    problem = refused(build_action("police", ALARM, body, STAMP))
    assert problem.reason == "not_an_object"
    assert "'kind'" in problem.nl


@pytest.mark.parametrize(
    ("body", "nl", "en"),
    [
        ({"kind": "note", "text": 7}, "moet tekst zijn", "must be text"),
        ({"kind": "assign_unit", "unit": "x" * 81}, "81 tekens", "at most 80"),
        ({"kind": "assign_unit"}, "eenheid ('unit') is verplicht", "'unit' is required"),
        ({"kind": "note", "text": "a\x00b"}, "stuurtekens", "control characters"),
        ({"kind": "note", "text": "a\u202eb"}, "stuurtekens", "control characters"),
        ({"kind": "note", "text": "a\x1f"}, "stuurtekens", "control characters"),
        ({"kind": "assign_unit", "unit": "HM\n21"}, "stuurtekens", "control characters"),
        ({"kind": "note", "text": "x" * 501}, "hoogstens 500", "at most 500"),
        ({"kind": "close", "disposition": "genuine"}, "reden ('reason') is", "'reason' is"),
        (
            {"kind": "close", "disposition": "boring", "reason": "x"},
            "afsluitcode",
            "must be one of: genuine, mispress",
        ),
        ({"kind": "accept", "seen_version": -1}, "seen_version", "whole number"),
        ({"kind": "accept", "seen_version": True}, "seen_version", "whole number"),
        ({"kind": "accept", "seen_version": 1.5}, "seen_version", "whole number"),
        ({"kind": "accept", "seen_version": 10**9 + 1}, "geheel getal", "from 0 to 1000000000"),
    ],
)
def test_a_bad_field_is_named_in_both_languages(body: dict[str, Any], nl: str, en: str) -> None:
    """The line says which field, and what would be right."""
    problem = refused(build("police", **body))
    assert problem.reason == "bad_field"
    assert nl in problem.nl
    assert en in problem.en
    assert "\n" not in problem.nl + problem.en


@pytest.mark.parametrize(
    ("console", "kind"), [(console, kind) for console, kinds in KINDS.items() for kind in kinds]
)
@given(text=st.text("a\t\n \u2028", max_size=9) | st.text(max_size=90))
def test_what_is_taken_can_be_read_by_the_gateway(console: ConsoleId, kind: str, text: str) -> None:
    """Whatever is typed or pasted: a line that says no, or an action that the wire has."""
    free = {"text", "reason", "unit", "to"} & set(COMPLETE[kind])
    action = build(console, kind=kind, **{**COMPLETE[kind], **dict.fromkeys(free, text)})
    assert isinstance(action, BadRequest) or action == decode_action(encode(action))


def test_a_pasted_tab_is_a_space_and_a_name_has_one_line() -> None:
    """The wire knows no tabs; the lines of a note stay, and those of a name are refused."""
    note = build("police", kind="note", text="rode\tjas\nblauwe pet")
    assert isinstance(note, Note)
    assert "rode jas\nblauwe pet" == note.text
    refused(build("police", kind="assign_unit", unit="HM\n21.01"))


def test_text_is_trimmed_and_empty_options_are_left_out() -> None:
    """An optional field that was left empty is not sent."""
    handed = build("veilig_thuis", kind="hand_over", to="  lokaal team ", text="  ")
    assert isinstance(handed, HandOver)
    assert (handed.to, handed.text) == ("lokaal team", msgspec.UNSET)
    closed = build(kind="close", disposition="mispress", reason=" per ongeluk ")
    assert isinstance(closed, Close)
    assert closed.reason == "per ongeluk"
    pasted = build(kind="note", text="\teerste\tkolom\n")
    assert not isinstance(pasted, BadRequest)
    assert "eerste kolom" == msgspec.to_builtins(pasted)["text"]


def test_a_key_names_an_action_of_one_person_on_one_alarm() -> None:
    """The same three give the same name; another person or alarm never gives it."""
    key = "0123456789abcdef"
    name = name_action("K. de Boer", ALARM, key)
    assert name == name_action("K. de Boer", ALARM, key)
    others = [
        name_action("P. Bakker", ALARM, key),
        name_action("K. de Boer", AlarmId("aware-000124.1"), key),
        name_action("K. de Boer", ALARM, key.upper()),
    ]
    assert 4 == len({str(one) for one in (name, *others)})
    assert isinstance(build(kind="accept"), Accept)
    stamp = structs.replace(STAMP, action_id=ActionId(str(name)))
    action = build_action("police", ALARM, {"kind": "accept"}, stamp)
    assert isinstance(action, Accept)
    assert action == decode_action(encode(action))
