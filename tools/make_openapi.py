#!/usr/bin/env python3
"""Write docs/openapi.yaml from the consoles' own types, or check that it is in step.

Run it as `python -m tools.make_openapi`; with `--check` it writes nothing and exits
with 1 where the file differs. Shapes come from the structs that the server encodes and decodes,
request bodies from the table that checks them, and what can be answered is written here.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alarm_protocol import guidance, households, messages
from alarm_protocol.units import CONSOLES, POLICE, VEILIG_THUIS
from dispatch.core import connection, history, overview
from dispatch.core.access import KINDS, Kind
from dispatch.core.requests import FIELDS, FORBIDDEN_CHARS, Field
from dispatch.web import api, desk, live, metrics, rows, session
from dispatch.web import history as web_history
from dispatch.web.desk import CSRF_HEADER, cookie_name
from dispatch.web.guard import BODY_BYTES_MAX, HEADERS
from tools.make_schemas import field_notes, in_ecma_regex
from tools.openapi_paths import PROBLEM_HEADERS, PROBLEMS, Json, content, paths, reference

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml"
HEAD = "# Written by tools/make_openapi.py from the consoles' own types; a test holds it in step.\n"
MODULES = (
    messages, households, guidance, connection, history, overview, api, desk, live, metrics, rows,
    session, web_history,
)  # fmt: skip
TYPES: tuple[type[msgspec.Struct], ...] = (
    rows.Snapshot,
    rows.Changes,
    rows.Tick,
    rows.Done,
    rows.Problem,
    live.Active,
    live.PaintedRows,
    live.Opened,
    desk.Me,
    session.Credentials,
    session.Leaving,
    session.Door,
    overview.Report,
    history.Found,
    history.EarlierAlarms,
    web_history.Incident,
    api.Health,
    metrics.Ready,
)
"""What is sent and taken; the structs inside them come along."""

ABOUT = f"""\
What a console of the police or of Veilig Thuis answers to its own page, and to a program that
signs in as one of its operators. Each console has a server, accounts and data of its own.

**Who may ask.** All but the door, the page's own files and the two health answers needs a
session: the cookie that signing in gives. It is `HttpOnly` and `SameSite=Strict`, is named after
the console, and behind TLS is `Secure` with the prefix `__Host-`. Signed out, a page's address
leads to `/` (303) and everything else is 401, also what does not exist. A session ends after a
time without a hand and at an absolute end, with a new password, and with its account.

**Changes** (every method but GET and HEAD) need the `Origin` of this very site, as every browser
sends it, and with a session also `{CSRF_HEADER}`: the `csrf` that `GET /api/session` tells. Who
acts, when, and the id of an action are the server's to say; nothing in a body changes them.

**Answers** other than success are a `Problem`: `error` is a word for programs, `message` a line
in Dutch, `message_en` the same in English. GET goes for HEAD too, without the body. A method that
a path does not have is 405. 500, a fault in the console itself, has the same shape and is not
listed below. What is no HTTP at all is a bare 400.

**Headers** of every answer: {", ".join(f"`{name}`" for name in HEADERS)}.

**Limits.** A body has at most {BODY_BYTES_MAX} bytes and has to come within 10 s. Unknown fields
are ignored. Times are integers in milliseconds since the epoch, in UTC, in fields that end in
`_ms`. Days are those of the Netherlands.
"""


def character_class(*, lines: bool) -> str:
    """Write which characters a text may not have, as the inside of a regular expression's class."""
    codes = sorted(map(ord, FORBIDDEN_CHARS - {"\t"} - ({"\n"} if lines else set())))
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(rf"\u{first:04x}-\u{last:04x}" for first, last in runs)


def field_schema(field: Field) -> Json:
    """Describe one field of an action, as the server checks it."""
    if field.choices:
        return {"type": "string", "enum": list(field.choices)}
    never = character_class(lines=field.lines)
    some = f"[^{never}\\s]" if field.required else ""
    return {
        "type": "string" if field.required else ["string", "null"],
        "maxLength": field.chars_max,
        "pattern": f"^[^{never}]*{some}[^{never}]*$" if some else f"^[^{never}]*$",
    }


def request_name(kind: Kind) -> str:
    """Name the schema of a request: `assign_unit` is an `AssignUnitRequest`."""
    return "".join(part.capitalize() for part in kind.split("_")) + "Request"


def request_schema(kind: Kind) -> Json:
    """Describe what a page posts for one kind of action."""
    fields = FIELDS[kind]
    return {
        "type": "object",
        "required": ["kind", *(name for name, field in fields.items() if field.required)],
        "properties": {
            "kind": {"const": kind},
            **{name: field_schema(field) for name, field in fields.items()},
            "seen_version": {
                "description": "The version that was painted when the operator acted.",
                "type": "integer",
                "minimum": 0,
                "maximum": messages.VIEW_VERSION_MAX,
            },
        },
    }


def schemas() -> Json:
    """Return every schema by its name."""
    _, found = msgspec.json.schema_components(TYPES, ref_template="#/components/schemas/{name}")
    made: Json = {name: in_ecma_regex(one) for name, one in found.items()}
    for (name, field), text in field_notes(*MODULES).items():
        shape = made.get(name, {}).get("properties", {}).get(field, {"$ref": ""})
        if "$ref" not in shape:
            shape["description"] = text
    made |= {request_name(kind): request_schema(kind) for kind in FIELDS}
    for name, console in (("PoliceAction", POLICE), ("VeiligThuisAction", VEILIG_THUIS)):
        made[name] = {"oneOf": [reference(request_name(kind)) for kind in KINDS[console]]}
    return dict(sorted(made.items()))


def document() -> Json:
    """Return the whole document."""
    cookies = {
        f"{console}{'_tls' if tls else ''}": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(console, behind_tls=tls),
        }
        for console in CONSOLES
        for tls in (False, True)
    }
    token = {"type": "apiKey", "in": "header", "name": CSRF_HEADER}
    answers = {
        name: {"description": text, "content": content(reference("Problem"))}
        | ({"headers": PROBLEM_HEADERS[status]} if status in PROBLEM_HEADERS else {})
        for status, (name, text) in PROBLEMS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AWARE alarm dispatch, the consoles' interface",
            "version": "1.0.0",
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": ABOUT,
        },
        "servers": [
            {"url": "http://127.0.0.1:8101", "description": "A console on the loopback."},
            {"url": "https://console.example", "description": "Behind a proxy with TLS."},
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": cookies | {"csrf": token},
            "responses": answers,
            "schemas": schemas(),
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes a text of more than one line as a block, and nothing by reference."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Write everything where it stands."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else "")


_Dumper.add_representer(str, _text)


def make() -> str:
    """Return the text of the file."""
    body = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96)
    return HEAD + str(body)


def main() -> int:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    check = parser.parse_args().check
    text = make()
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        sys.stderr.write("make_openapi: openapi.yaml differs; run python -m tools.make_openapi\n")
        return 1
    FILE.write_text(text, encoding="utf-8")
    sys.stderr.write("make_openapi: docs/openapi.yaml brought up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
