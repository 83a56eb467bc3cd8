"""What is asked of the history of closed alarms, and what comes back."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from alarm_protocol.households import PoliceHousehold, VeiligThuisHousehold
from alarm_protocol.messages import AlarmView
from alarm_protocol.units import AlarmId
from dispatch.core.requests import DISPOSITIONS
from dispatch.core.tables import Language, harmless

PAGE_ROWS = 50
PAGES_MAX = 10_000
EARLIER_MAX = 20
TABLE_ROWS_MAX = 5_000
"""In one download; a narrower question fetches the rest."""
HEADERS: dict[Language, tuple[str, ...]] = {
    "nl": (
        "melding", "ontstaan_utc", "afgesloten_utc", "apparaat", "gemeente", "afsluitcode",
        "prioriteit", "test", "door",
    ),
    "en": (
        "alarm", "raised_utc", "closed_utc", "device", "municipality", "disposition",
        "priority", "test", "by",
    ),
}  # fmt: skip
TEXT_CHARS_MAX = 80


class Query(Struct, frozen=True, kw_only=True):
    """Which closed alarms, and which page of them (1 is the newest)."""

    from_ms: int | None = None
    to_ms: int | None = None
    """Before this moment."""
    municipality: str | None = None
    disposition: str | None = None
    device: str | None = None
    """How the device's id begins."""
    page: int = 1


class Past(Struct, frozen=True, kw_only=True):
    """One closed alarm in a list."""

    alarm_id: AlarmId
    raised_at_ms: int
    closed_at_ms: int
    device_id: str
    municipality: str | None
    disposition: str | None
    priority: int
    test: bool
    closed_by: str | None


class Found(Struct, frozen=True, kw_only=True):
    """One page of what was found; `municipalities` are those that can be asked for."""

    total: int
    page: int
    pages: int
    rows: tuple[Past, ...]
    municipalities: tuple[str, ...]


class Earlier(Struct, frozen=True, kw_only=True):
    """One earlier alarm of a home, as the detail of a later one lists it."""

    alarm_id: AlarmId
    raised_at_ms: int
    priority: int
    test: bool
    disposition: str | None
    close_reason: str | None


class EarlierAlarms(Struct, frozen=True, kw_only=True):
    """The newest `EARLIER_MAX` of them, the newest first."""

    rows: tuple[Earlier, ...]


class BadQuery(Struct, frozen=True, kw_only=True):
    """Why nothing was looked for: one line in each language."""

    nl: str
    en: str


def past_of(view: AlarmView) -> Past:
    """Return the line of a closed alarm."""
    own = view.own_track
    return Past(
        alarm_id=view.alarm_id,
        raised_at_ms=view.raised_at_ms,
        closed_at_ms=view.journaled_at_ms if own.closed_at_ms is None else own.closed_at_ms,
        device_id=view.device_id,
        municipality=None if view.household is None else view.household.municipality,
        disposition=own.disposition,
        priority=view.priority,
        test=view.test,
        closed_by=own.closed_by,
    )


def same_home(view: AlarmView, other: AlarmView) -> bool:
    """Tell whether two alarms of one device are of one home: a button may have moved on since.

    An alarm whose home was not known belongs to every home of its device.
    """
    home, another = view.household, other.household
    if isinstance(home, PoliceHousehold) and isinstance(another, PoliceHousehold):
        return home.address == another.address
    if isinstance(home, VeiligThuisHousehold) and isinstance(another, VeiligThuisHousehold):
        return home.case_reference == another.case_reference
    return True


def earlier_of(view: AlarmView) -> Earlier:
    """Return the line of an earlier alarm."""
    return Earlier(
        alarm_id=view.alarm_id,
        raised_at_ms=view.raised_at_ms,
        priority=view.priority,
        test=view.test,
        disposition=view.own_track.disposition,
        close_reason=view.own_track.close_reason,
    )


def table_of(
    rows: Iterable[Past], language: Language, when: Callable[[int], str]
) -> Iterable[tuple[str, ...]]:
    """Return closed alarms as the rows of a table, the header first; no cell is a formula.

    Args:
        rows: What to write.
        language: Of the header.
        when: Writes a moment; the core knows no calendar.
    """
    yield HEADERS[language]
    for one in rows:
        cells = (
            one.alarm_id,
            when(one.raised_at_ms),
            when(one.closed_at_ms),
            one.device_id,
            one.municipality or "",
            one.disposition or "",
            one.priority,
            int(one.test),
            one.closed_by or "",
        )
        yield tuple(map(harmless, cells))


def check_query(query: Query) -> BadQuery | None:
    """Say what is wrong with a query, if anything is."""
    for name in ("municipality", "device"):
        if len(getattr(query, name) or "") > TEXT_CHARS_MAX:
            return BadQuery(
                nl=f"'{name}' is langer dan {TEXT_CHARS_MAX} tekens",
                en=f"'{name}' is longer than {TEXT_CHARS_MAX} characters",
            )
    if query.disposition is not None and query.disposition not in DISPOSITIONS:
        choices = ", ".join(DISPOSITIONS)
        return BadQuery(
            nl=f"'disposition' moet een van deze zijn: {choices}",
            en=f"'disposition' must be one of: {choices}",
        )
    if not 1 <= query.page <= PAGES_MAX:
        return BadQuery(
            nl=f"'page' moet een getal van 1 tot {PAGES_MAX} zijn",
            en=f"'page' must be a number from 1 to {PAGES_MAX}",
        )
    if query.from_ms is not None and query.to_ms is not None and query.from_ms >= query.to_ms:
        return BadQuery(
            nl="de dag vanaf ('from') ligt na de dag tot en met ('to')",
            en="the day from ('from') is after the day up to and including ('to')",
        )
    return None
