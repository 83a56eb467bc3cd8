"""What a console answers where, for `make_openapi.py`: operations, their answers and questions."""

from typing import Any

import msgspec

from alarm_protocol.units import CONSOLES, WireAlarmId
from dispatch.core import history, overview
from dispatch.core.accounts import PASSWORD_CHARS_MAX
from dispatch.core.requests import DISPOSITIONS, KEY_HEADER, KEY_PATTERN
from dispatch.web import api, desk, metrics, rows, session
from dispatch.web import history as web_history
from dispatch.web.guard import BODY_BYTES_MAX
from tools.make_schemas import in_ecma_regex

Json = dict[str, Any]

PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "It cannot be used as it is; `message_en` says what is wrong."),
    401: ("SignedOut", "There is no session, or it is over; or name and password do not fit."),
    403: ("Forbidden", "Not from this console's own page, or not for somebody of this role."),
    404: ("NotFound", "There is no such thing here."),
    405: ("MethodNotAllowed", "This path does not have this method; `Allow` names those it has."),
    408: ("TooSlow", "The body did not come in time."),
    409: ("Refused", "The gateway refused it: `acted_by` was first, `alarm` is its state now."),
    413: ("TooLarge", f"The body is larger than {BODY_BYTES_MAX} bytes."),
    415: ("WrongType", "The body is not `application/json`."),
    429: ("Locked", "Too many wrong passwords for this name; `Retry-After` says for how long."),
    503: ("Unavailable", "Not now: no broker, no room, or no record of the look. Nothing done."),
    504: ("NoAnswer", "The gateway did not answer in time: nobody here knows if it was done."),
}  # fmt: skip
PROBLEM_HEADERS: dict[int, Json] = {
    405: {"Allow": {"required": True, "schema": {"type": "string"}}},
    429: {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}},
}
CHANGE = (408, 413)
"""What can go wrong with any body."""


def reference(name: str) -> Json:
    """Point to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: Json, media: str = "application/json") -> Json:
    """Say what a body is."""
    return {media: {"schema": schema}}


def ok(text: str, type_: type[msgspec.Struct], headers: Json | None = None) -> Json:
    """Describe a good answer in JSON."""
    answer: Json = {"description": text, "content": content(reference(type_.__name__))}
    return answer | ({"headers": headers} if headers else {})


def operation(  # noqa: D417 - the rest is OpenAPI's own
    name: str, summary: str, answers: Json, *statuses: int, signed: bool = True, **more: Any
) -> Json:
    """Describe one operation.

    Args:
        answers: Its own answers by status.
        statuses: Of `PROBLEMS`, besides those that every operation has.
        signed: Whether it needs a session.
    """
    usual = {403, 405, *statuses} | ({401} if signed else set())
    problems = {
        str(status): {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
        for status in sorted(usual)
        if str(status) not in answers
    }
    schemes: list[Json] = [{f"{console}{way}": []} for console in CONSOLES for way in ("", "_tls")]
    if "requestBody" in more:
        schemes = [{**scheme, "csrf": []} for scheme in schemes]
    return {
        "operationId": name,
        "summary": summary,
        **more,
        "security": schemes if signed else [],
        "responses": dict(sorted({**answers, **problems}.items())),
    }


def file_of(name: str, summary: str, media: str, *, signed: bool = False, **more: Any) -> Json:
    """Describe a page, or a file of one."""
    answers = {
        "200": {
            "description": "The file.",
            "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
            "content": content({"type": "string"}, media),
        },
        "304": {"description": "The browser has it already (`If-None-Match`)."},
    }
    if signed:
        where = {"Location": {"required": True, "schema": {"const": "/"}}}
        answers["303"] = {"description": "Signed out: to the door.", "headers": where}
    made = operation(name, summary, answers, **more, signed=signed)
    made["responses"].pop("401", None)
    return made


def query(name: str, schema: Json, text: str, *, blank: bool = True) -> Json:
    """Describe a question in an address; what is left empty is not asked for."""
    either = {"anyOf": [schema, {"type": "string", "maxLength": 0}]} if blank else schema
    return {"name": name, "in": "query", "description": text, "schema": either}


def table(text: str) -> Json:
    """Describe a table that is downloaded."""
    return {
        "description": f"RFC 4180. {text}",
        "headers": {"Content-Disposition": {"required": True, "schema": {"type": "string"}}},
        "content": content({"type": "string"}, "text/csv"),
    }


def in_language() -> Json:
    """Describe the language of a table."""
    schema = {"type": "string", "enum": ["nl", "en"], "default": "nl"}
    return query("language", schema, "Of its words.", blank=False)


def alarm_id() -> Json:
    """Describe the id of an alarm in a path."""
    schema = in_ecma_regex(msgspec.json.schema(WireAlarmId))
    return {"name": "alarm_id", "in": "path", "required": True, "schema": schema}


def session_paths() -> Json:
    """Describe the door."""
    cookie = {"Set-Cookie": {"required": True, "schema": {"type": "string"}}}
    return {
        "/api/session": {
            "get": operation("getSession", "Who is signed in", {"200": ok("You.", desk.Me)}),
            "post": operation(
                "signIn",
                "Sign in",
                {"200": ok("Signed in, until the cookie ends.", session.Door, cookie)},
                *(400, 401, *CHANGE, 415, 429, 503),
                signed=False,
                description=f"A password has at most {PASSWORD_CHARS_MAX} characters. A wrong name"
                " and a wrong password are answered alike.",
                requestBody={"required": True, "content": content(reference("Credentials"))},
            ),
        },
        "/api/session/end": {
            "post": operation(
                "signOut",
                "Sign out",
                {"200": ok("Signed out; its pages are closed.", session.Door, cookie)},
                *(400, *CHANGE, 415),
                requestBody={"content": content(reference("Leaving"))},
            )
        },
    }


def alarm_paths() -> Json:
    """Describe the alarms, live and at once, and what is done with them."""
    action = {"anyOf": [reference("PoliceAction"), reference("VeiligThuisAction")]}
    key = {
        "name": KEY_HEADER,
        "in": "header",
        "description": "A random name of this action. Sent again with it, it is still done once.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    }
    return {
        "/ws": {
            "get": operation(
                "live",
                "The alarms as they change",
                {"101": {"description": "A WebSocket from here on."}},
                *(400, 503),
                description="The server sends a `Snapshot`, then `Changes` and every 2 s a `Tick`."
                " A page sends `Active` when somebody touched it, `PaintedRows` when alarms came"
                " into sight, and `Opened` when somebody chose one. 4401 closes it when the session"
                " is over, 1008 when it sends too much.",
            )
        },
        "/api/alarms": {
            "get": operation(
                "listAlarms", "All alarms now", {"200": ok("The board.", rows.Snapshot)}
            )
        },
        "/api/alarms/{alarm_id}/actions": {
            "parameters": [alarm_id()],
            "post": operation(
                "act",
                "Do something with an alarm",
                {"200": ok("The gateway did it; `alarm` is its state now.", rows.Done)},
                *(400, 404, *CHANGE, 409, 415, 503, 504),
                description="The answer comes when the gateway has it on disk. 404 also where the"
                " gateway has the alarm no more.",
                parameters=[key],
                requestBody={"required": True, "content": content(action)},
            ),
        },
    }


def history_paths() -> Json:
    """Describe the closed alarms."""
    day = {"type": "string", "format": "date"}
    text = {"type": "string", "maxLength": history.TEXT_CHARS_MAX}
    page = {"type": "integer", "minimum": 1, "maximum": history.PAGES_MAX}
    time = {"type": "integer", "minimum": 0, "maximum": 10**web_history.DIGITS_MAX - 1}
    questions = [
        query("from", day, "First day on which they were raised."),
        query("to", day, "Last day."),
        query("municipality", text, "The household's.", blank=False),
        query("disposition", {"type": "string", "enum": list(DISPOSITIONS)}, "Why."),
        query("device", text, "How the device's id begins.", blank=False),
        query("page", page, "Which page; 1 is the newest. A table has all."),
    ]
    return {
        web_history.SEARCH_PATH: {
            "get": operation(
                "searchHistory",
                "Search the closed alarms",
                {"200": ok("A page of them, the newest first.", history.Found)},
                *(400, 503),
                parameters=questions,
            )
        },
        web_history.CSV_PATH: {
            "get": operation(
                "getHistoryTable",
                "The closed alarms as a table",
                {"200": table("The newest first; no cell is a formula.")},
                *(400, 503),
                description=f"At most {history.TABLE_ROWS_MAX} alarms; 400 where more would fit.",
                parameters=[*questions, in_language()],
            )
        },
        web_history.EARLIER_PATH: {
            "parameters": [alarm_id()],
            "get": operation(
                "getEarlier",
                "The earlier alarms of an alarm's home",
                {"200": ok("Those that this console keeps, the newest first.",
                           history.EarlierAlarms)},
                404,
            ),
        },
        web_history.VIEW_PATH: {
            "parameters": [alarm_id()],
            "get": operation(
                "getIncident",
                "One alarm whole",
                {"200": ok("As it is, or as it was closed.", web_history.Incident)},
                *(400, 404, 503),
                parameters=[query("raised_at_ms", time, "Of those with this id, the one raised"
                                  " then; else the newest.")],
            ),
        },
    }  # fmt: skip


def other_paths() -> Json:
    """Describe pages, the supervisor's report, and health."""
    path = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
    ready = {str(status): ok(text, metrics.Ready) for status, text in (
        (200, "This console shows the gateway's truth."), (503, "It lacks what `checks` says."),
    )}  # fmt: skip
    static = file_of("getFile", "A file of a page", "*/*", parameters=[path])
    static["responses"]["404"] = {"$ref": "#/components/responses/NotFound"}
    return {
        "/": {"get": file_of("getQueuePage", "The queue's page, and the door", "text/html")},
        "/static/{path}": {"get": static},
        "/history": {"get": file_of("getHistoryPage", "Its page", "text/html", signed=True)},
        "/incident": {"get": file_of("getIncidentPage", "Its page", "text/html", signed=True)},
        "/supervision": {
            "get": file_of("getSupervisionPage", "For supervisors", "text/html", signed=True)
        },
        "/api/supervision": {
            "get": operation("getReport", "For supervisors", {"200": ok("Now.", overview.Report)})
        },
        "/api/supervision.csv": {
            "get": operation(
                "getTable",
                "The supervisor's report as a table",
                {"200": table("No cell is a formula.")},
                400,
                parameters=[in_language()],
            )
        },
        "/healthz": {
            "get": operation(
                "getHealth",
                "Whether the process serves",
                {"200": ok("It does; `degraded` where it lacks something.", api.Health)},
                signed=False,
            )
        },
        "/readyz": {"get": operation("getReady", "Whether it is ready", ready, signed=False)},
    }


def paths() -> Json:
    """Return every path of the interface."""
    return session_paths() | alarm_paths() | history_paths() | other_paths()
