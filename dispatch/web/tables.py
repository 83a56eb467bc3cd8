"""Tables that a browser downloads: CSV as in RFC 4180, in one of the two languages."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from dispatch.core.tables import Language
from dispatch.web.rows import refused

_LANGUAGES: Final[dict[str, Language]] = {"nl": "nl", "en": "en"}


def iso_utc(at_ms: int) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Write rows as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def language_of(request: web.Request) -> Language | None:
    """Return the language that is asked for; None where it is none of ours."""
    return _LANGUAGES.get(request.query.get("language", "nl"))


def no_language() -> web.Response:
    """Refuse a language that is none of ours."""
    return refused(400, "bad_query", "'language' moet nl of en zijn", "'language' must be nl or en")


def download(name: str, at_ms: int, rows: Iterable[Sequence[str]]) -> web.Response:
    """Answer with a table as a file, named after what it is and when it was made."""
    file_name = f"{name}-{iso_utc(at_ms).replace(':', '')}.csv"
    return web.Response(
        text=csv_text(rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
