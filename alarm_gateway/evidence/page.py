"""The history of an alarm as a page: Dutch, printable, self-contained, without scripts.

Every text goes through `html.escape`; a content security policy forbids the rest.
"""

from html import escape
from typing import Any

import msgspec

from alarm_gateway.core.calendar import Calendar
from alarm_gateway.evidence.collect import Evidence, Line
from alarm_gateway.evidence.times import local_time
from alarm_gateway.evidence.words import (
    ACTIONS,
    AGENCIES,
    CONDITIONS,
    DISPOSITIONS,
    DOUBTS,
    FIELDS,
    REASONS,
    REFERRALS,
    REGISTRY_ACTS,
    REMARKS,
    STATUSES,
    TRIGGERS,
    word,
)

_STYLE = """
body { font: 11pt/1.45 Georgia, serif; color: #111; max-width: 48rem; margin: 2rem auto; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; }
tr { border-bottom: 1px solid #ccc; break-inside: avoid; }
td.time { white-space: nowrap; } td.what { min-width: 9rem; }
td, pre, code { overflow-wrap: anywhere; }
td.what { overflow-wrap: break-word; }
.mark { border: 3px solid #111; padding: .3rem .8rem; font-weight: bold; }
.small { font-size: .85rem; color: #333; } pre { white-space: pre-wrap; margin: 0; }
@page { margin: 18mm; }
"""


def history_page(evidence: Evidence, calendar: Calendar) -> str:
    """Write the page of one alarm, for the agency of the evidence."""
    agency = AGENCIES[evidence.console]
    marks = []
    if evidence.synthetic:
        marks.append("SYNTHETISCH: dit huishouden en deze personen bestaan niet")
    if evidence.test:
        marks.append("TEST: dit is een testmelding")
    body = [
        f"<h1>Melding {escape(evidence.alarm_id)}</h1>",
        *(f'<p class="mark">{escape(mark)}</p>' for mark in marks),
        _summary(evidence, agency, calendar),
        _household(evidence),
        _history(evidence, calendar),
        _other(evidence, calendar),
        _proof(evidence),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="nl">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Melding {escape(evidence.alarm_id)} ({escape(agency)})</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    lines = [f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _summary(evidence: Evidence, agency: str, calendar: Calendar) -> str:
    other = "veilig_thuis" if evidence.console == "police" else "police"
    return _table(
        [
            ("Opgemaakt voor", agency),
            ("Knop", evidence.device_id),
            ("Ontstaan", local_time(evidence.raised_at_ms, calendar)),
            ("Prioriteit", str(evidence.priority)),
            ("Keer ingedrukt", str(evidence.press_count)),
            ("Status", word(STATUSES, evidence.status)),
            (f"Status {AGENCIES[other]}", word(STATUSES, evidence.other_status)),
        ]
    )


def _household(evidence: Evidence) -> str:
    title = "<h2>Huishouden</h2>"
    if evidence.household is None:
        return title + "<p>Bij deze knop is geen huishouden bekend.</p>"
    fields = msgspec.to_builtins(evidence.household)
    for name in ("agency", "synthetic"):
        fields.pop(name)
    note = (
        '<p class="small">Zoals nu geregistreerd; dit deel staat niet in het journaal en wordt '
        "niet door de keten bewezen.</p>"
    )
    rows = [(word(FIELDS, name), _plain(value)) for name, value in fields.items()]
    return title + _table([row for row in rows if row[1]]) + note


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        parts = [f"{word(FIELDS, name)}: {_plain(one)}" for name, one in value.items()]
        return ", ".join(part for part, one in zip(parts, value.values(), strict=True) if one)
    if isinstance(value, list | tuple):
        return "; ".join(_plain(one) for one in value)
    return str(value)


def _history(evidence: Evidence, calendar: Calendar) -> str:
    rows = []
    for line in evidence.records:
        what, details = _said(line, calendar)
        rows.append(
            f"<tr><td>{line.seq}</td>"
            f'<td class="time">{escape(local_time(line.at_ms, calendar))}</td>'
            f'<td class="what">{escape(what)}</td><td><pre>{escape(details)}</pre></td></tr>'
        )
    head = "<tr><th>Regel</th><th>Tijd</th><th>Wat</th><th>Bijzonderheden</th></tr>"
    return (
        f"<h2>Geschiedenis</h2>\n<table>\n{head}\n"
        + "\n".join(rows)
        + '\n</table>\n<p class="small">Nederlandse tijd. De regel is het nummer in het journaal.'
        "</p>"
    )


def _said(line: Line, calendar: Calendar) -> tuple[str, str]:
    event = line.event
    said: tuple[str, str]
    match line.kind:
        case "pressed":
            said = _press(line)
        case "acted":
            said = _action(event["action"])
        case "refused":
            what = word(ACTIONS, str(event["action"]["kind"]))
            first = f"; {event['acted_by']} was eerder" if event.get("acted_by") else ""
            said = (
                f"Actie geweigerd: {what}",
                f"{event['action']['operator']}: {event['why']}{first}",
            )
        case "delivered" | "delivered_to_both":
            said = ("Ontvangen door de console", f"versie {event['view_version']}")
        case "first_painted":
            at = local_time(event["painted_at_ms"], calendar)
            said = ("Voor het eerst op een scherm", f"{event['operator']}, {at}")
        case "escalated":
            said = (f"Geëscaleerd, niveau {event['level']}", word(REASONS, str(event["reason"])))
        case "supervision_changed":
            what = "Storing aan de knop" if event["active"] else "Storing voorbij"
            said = (what, word(CONDITIONS, str(event["condition"])))
        case "condensed":
            count = event["unreadable"] + event["presses"] + event["faults"]
            said = ("Samengevat", f"{count} berichten")
        case "home_changed":
            said = (word(REGISTRY_ACTS, str(event["act"])), "")
        case _:
            said = ("Test verlopen" if line.kind == "expired" else line.kind, "")
    return said


def _press(line: Line) -> tuple[str, str]:
    event, press = line.event, line.stated or {}
    what = "Melding ontstaan" if event["opened"] else "Opnieuw ingedrukt"
    test = " (TEST)" if event["test"] else ""
    parts = [
        f"{word(TRIGGERS, str(press.get('trigger', '')))}, prioriteit {event['priority']}{test}",
        *(word(REASONS, one) for one in event["reasons"]),
        *(f"Twijfel: {word(DOUBTS, one)}" for one in event["doubts"]),
        *(f"Opmerking: {word(REMARKS, one)}" for one in event["remarks"]),
    ]
    place = press.get("location")
    if place is not None:
        accuracy = place.get("accuracy_m")
        within = "" if accuracy is None else f" (binnen {accuracy:g} m)"
        parts.append(f"Plaats: {place['latitude']}, {place['longitude']}{within}")
    if "line" in event:
        parts.append(f"Bericht: {event['line']}")
        parts.append(f"Handtekening: {event['signature'] or 'geen'}")
    else:
        parts.append("Het bericht zelf bevat een plaats en is hier vervangen door zijn hash.")
    return what, "\n".join(parts)


def _action(action: dict[str, Any]) -> tuple[str, str]:
    parts = [str(action["operator"])]
    if "disposition" in action:
        parts.append(word(DISPOSITIONS, str(action["disposition"])))
    if "party" in action:
        parts.append(word(REFERRALS, str(action["party"])))
    parts += [str(action[name]) for name in ("unit", "to", "text", "reason") if name in action]
    return word(ACTIONS, str(action["kind"])), "\n".join(parts)


def _other(evidence: Evidence, calendar: Calendar) -> str:
    name = AGENCIES["veilig_thuis" if evidence.console == "police" else "police"]
    rows = [
        (local_time(change.at_ms, calendar), word(STATUSES, change.status))
        for change in evidence.other_agency
    ]
    text = f"<h2>Status van {escape(name)}</h2>\n" + _table(rows)
    if evidence.condensed:
        counts = [
            (local_time(one.at_ms, calendar), f"{one.count} berichten")
            for one in evidence.condensed
        ]
        text += "<h2>Samengevatte berichten</h2>\n" + _table(counts)
    return text + (
        '<p class="small">Alleen de status: wat de andere organisatie deed en noteerde, valt '
        "buiten deze weergave. Deze tijden volgen uit regels die hier zijn weggelaten.</p>"
    )


def _proof(evidence: Evidence) -> str:
    chain = evidence.chain
    return (
        "<h2>Bewijs</h2>\n"
        + _table(
            [
                ("Regels van het journaal", f"{chain.first_seq} tot en met {chain.last_seq}"),
                ("Hash voor de eerste regel", chain.previous_hash),
                ("Hash van de laatste regel", chain.last_hash),
                ("Regels van deze melding, weggelaten", str(evidence.withheld_rows)),
            ]
        )
        + "<p>In README.txt staat hoe <code>verify.py</code> aantoont dat deze regels ongewijzigd "
        "in het journaal staan. Deze pagina zelf is een weergave van <code>records.json</code>."
        "</p>"
    )
