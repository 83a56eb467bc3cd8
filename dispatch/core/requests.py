"""From the JSON that a page posts to an action for the gateway, or one line that says why not."""

from typing import Literal, NamedTuple, get_args

import msgspec
from msgspec import Struct

from alarm_protocol.messages import Disposition, ReferralParty, TrackAction
from alarm_protocol.units import ActionId, AlarmId, ConsoleId, TimestampMs
from dispatch.core.access import KINDS, Kind

NAME_CHARS_MAX = 80
TEXT_CHARS_MAX = 500
VERSION_MAX = 2**53

DISPOSITIONS: tuple[str, ...] = get_args(Disposition)
PARTIES: tuple[str, ...] = get_args(ReferralParty)


class _Field(NamedTuple):
    """How one field of a request is checked, and what an operator calls it."""

    chars_max: int
    label_nl: str
    required: bool = True
    choices: tuple[str, ...] = ()


_FIELDS: dict[Kind, dict[str, _Field]] = {
    "accept": {},
    "assign_unit": {"unit": _Field(NAME_CHARS_MAX, "eenheid")},
    "arrive": {"unit": _Field(NAME_CHARS_MAX, "eenheid", required=False)},
    "note": {"text": _Field(TEXT_CHARS_MAX, "notitie")},
    "close": {
        "disposition": _Field(NAME_CHARS_MAX, "afsluitcode", choices=DISPOSITIONS),
        "reason": _Field(TEXT_CHARS_MAX, "reden"),
    },
    "reopen": {"reason": _Field(TEXT_CHARS_MAX, "reden")},
    "safety_assessment": {"text": _Field(TEXT_CHARS_MAX, "veiligheidsbeoordeling")},
    "conditions": {"text": _Field(TEXT_CHARS_MAX, "voorwaarden")},
    "refer": {
        "party": _Field(NAME_CHARS_MAX, "verwezen naar", choices=PARTIES),
        "text": _Field(TEXT_CHARS_MAX, "toelichting", required=False),
    },
    "hand_over": {
        "to": _Field(NAME_CHARS_MAX, "overgedragen aan"),
        "text": _Field(TEXT_CHARS_MAX, "toelichting", required=False),
    },
}
_FORBIDDEN_CHARS = frozenset(
    chr(code)
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
) - {"\n"}
"""Control characters, and those that turn the direction of the text around them."""


class Stamp(Struct, frozen=True, kw_only=True):
    """What the server adds to a request: nobody outside chooses these."""

    action_id: ActionId
    at_ms: TimestampMs
    version: int
    """The version on this console's board."""
    operator: str
    """Who is signed in."""
    kinds: tuple[Kind, ...]
    """What that person's role may do."""


class BadRequest(Struct, frozen=True, kw_only=True):
    """Why a request is no action: one line in each language."""

    reason: Literal["not_an_object", "unknown_kind", "not_allowed", "bad_field", "read_only"]
    nl: str
    en: str


def build_action(
    console: ConsoleId, alarm_id: AlarmId, body: object, stamp: Stamp
) -> TrackAction | BadRequest:
    """Build an operator's action from a decoded JSON body.

    The body has `kind`, what the kind needs, and may have `seen_version`: the version that was
    painted when the operator acted. Unknown fields are ignored; who acts is never taken from
    the body, but from the stamp.
    """
    if not isinstance(body, dict):
        return BadRequest(
            reason="not_an_object",
            nl="de aanvraag moet een JSON-object zijn, zoals {'kind': 'accept'}",
            en="the request must be a JSON object such as {'kind': 'accept'}",
        )
    kind = _kind_of(console, stamp.kinds, body.get("kind"))
    if isinstance(kind, BadRequest):
        return kind
    values: dict[str, object] = {"operator": stamp.operator}
    for name, field in _FIELDS[kind].items():
        value = _text_of(name, field, body.get(name))
        if isinstance(value, BadRequest):
            return value
        if value is not None:
            values[name] = value
    seen_version = body.get("seen_version", stamp.version)
    if type(seen_version) is not int or not 0 <= seen_version <= VERSION_MAX:
        return BadRequest(
            reason="bad_field",
            nl="'seen_version' moet een geheel getal van 0 of meer zijn",
            en="'seen_version' must be a whole number of 0 or more",
        )
    values.update(
        kind=kind,
        action_id=stamp.action_id,
        alarm_id=alarm_id,
        seen_version=seen_version,
        at_ms=stamp.at_ms,
    )
    try:
        action: TrackAction = msgspec.convert(values, type=TrackAction)
    except msgspec.ValidationError as error:
        # The checks above are at least as strict; this second look keeps the wire's own
        # limits in force when they change.
        return BadRequest(
            reason="bad_field", nl=f"ongeldig veld: {error}", en=f"bad field: {error}"
        )
    return action


def _kind_of(console: ConsoleId, kinds: tuple[Kind, ...], kind: object) -> Kind | BadRequest:
    if not kinds:
        return BadRequest(
            reason="read_only",
            nl="dit account mag alleen meekijken",
            en="this account may only look",
        )
    for allowed in kinds:
        if kind == allowed:
            return allowed
    choices = ", ".join(KINDS[console])
    if isinstance(kind, str) and kind in _FIELDS:
        return BadRequest(
            reason="not_allowed",
            nl=f"'{kind}' mag op deze console niet; wel: {choices}",
            en=f"'{kind}' is not allowed on this console; allowed: {choices}",
        )
    return BadRequest(
        reason="unknown_kind",
        nl=f"'kind' ontbreekt of is onbekend; kies uit: {choices}",
        en=f"'kind' is missing or unknown; choose from: {choices}",
    )


def _on_the_wire(text: str, field: _Field) -> str:
    """Put spaces where the wire has no tabs and, in a name, no lines: they come with a paste."""
    text = text.replace("\t", " ")
    return (text.replace("\n", " ") if field.chars_max == NAME_CHARS_MAX else text).strip()


def _text_of(name: str, field: _Field, value: object) -> str | BadRequest | None:
    """Return the checked text of a field, or None where an optional one is empty."""
    text = _on_the_wire(value, field) if isinstance(value, str) else ""
    if value is not None and not isinstance(value, str):
        problem = ("moet tekst zijn", "must be text")
    elif not text and field.required:
        problem = ("is verplicht", "is required")
    elif len(text) > field.chars_max:
        problem = (
            f"is {len(text)} tekens lang, hoogstens {field.chars_max}",
            f"is {len(text)} characters long, at most {field.chars_max}",
        )
    elif not _FORBIDDEN_CHARS.isdisjoint(text):
        problem = ("bevat stuurtekens", "contains control characters")
    elif field.choices and text not in field.choices:
        choices = ", ".join(field.choices)
        problem = (f"moet een van deze zijn: {choices}", f"must be one of: {choices}")
    else:
        return text or None
    return BadRequest(
        reason="bad_field",
        nl=f"{field.label_nl} ('{name}') {problem[0]}",
        en=f"'{name}' {problem[1]}",
    )
