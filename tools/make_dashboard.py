#!/usr/bin/env python3
"""Write the Grafana dashboard from the panels below, or check that it is in step.

Run it as `python tools/make_dashboard.py`; with `--check` it writes nothing and exits with 1
where the file differs.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "deploy" / "grafana" / "dashboards" / "aware.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
HEIGHT = 7
STAT_HEIGHT = 4
RATE = "$__rate_interval"


class Panel(NamedTuple):
    """One panel: its title, what it shows, and in which unit."""

    title: str
    shown: dict[str, str]
    """PromQL expressions by the name of their line, in Grafana's form."""
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    bad_from: float | None = None
    """From this value on it is red."""


def quantile(share: float, metric: str, **labels: str) -> str:
    """Return a quantile of a histogram over the shown resolution."""
    chosen = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket{{{chosen}}}[{RATE}])))"


def rate(metric: str, *by: str) -> str:
    """Return a rate, summed by some labels."""
    return f"sum by ({', '.join(by)}) (rate({metric}[{RATE}]))"


STAGES = "aware_gateway_stage_seconds"
ROWS: dict[str, list[Panel]] = {
    "Now": [
        Panel(
            "Not accepted",
            {"{{console}}": 'sum by (console) (aware_gateway_alarms{status="open",test="false"})'},
            width=6, kind="stat", bad_from=1,
        ),
        Panel(
            "Oldest that waits",
            {"{{console}}": "aware_gateway_oldest_unaccepted_alarm_seconds"},
            "s", width=6, kind="stat", bad_from=30,
        ),
        Panel(
            "Pages open",
            {"{{console}}": "aware_gateway_console_operators"},
            width=6, kind="stat",
        ),
        Panel(
            "Not ready",
            {
                "gateway": "1 - aware_gateway_ready",
                "console {{console}}": "1 - aware_console_broker_connected",
            },
            width=6, kind="stat", bad_from=1,
        ),
    ],
    "Presses": [
        Panel("Presses by outcome", {"{{outcome}}": rate("aware_gateway_presses_total", "outcome")},
              "ops"),
        Panel("Doubts and remarks", {
            "{{doubt}}": rate("aware_gateway_press_doubts_total", "doubt"),
            "{{remark}}": rate("aware_gateway_press_remarks_total", "remark"),
        }, "ops"),
        Panel("Alarms by status", {
            "{{console}} {{status}}": "sum by (console, status) (aware_gateway_alarms)"
        }),
        Panel("Alarms by priority", {
            "P{{priority}}": 'sum by (priority) (aware_gateway_alarms{console="police"})'
        }),
        Panel("Actions", {
            "{{console}} {{kind}} {{outcome}}": rate(
                "aware_gateway_actions_total", "console", "kind", "outcome"
            )
        }, "ops"),
        Panel("Escalations", {
            "{{console}} {{reason}}": rate("aware_gateway_escalations_total", "console", "reason")
        }, "ops"),
    ],
    "Times": [
        Panel("In the gateway, p99 since a press came", {
            stage: quantile(0.99, STAGES, stage=stage)
            for stage in ("decided", "durable", "published")
        }, "s"),
        Panel("Confirmed by a console, and on its screen", {
            f"{stage} p{share}": quantile(share / 100, STAGES, stage=stage)
            for stage in ("confirmed", "painted")
            for share in (50, 99)
        }, "s"),
        Panel("From the device, by its clock", {
            "p50": quantile(0.5, STAGES, stage="received"),
            "p99": quantile(0.99, STAGES, stage="received"),
        }, "s"),
        Panel("From the journal to a board", {
            "p99": quantile(0.99, "aware_console_view_delay_seconds"),
        }, "s"),
        Panel("An operator's request", {
            "p99 {{route}}": (
                "histogram_quantile(0.99, sum by (le, route) "
                f"(rate(aware_console_http_request_seconds_bucket[{RATE}])))"
            )
        }, "s"),
        Panel("Inputs in a batch", {"p99": quantile(0.99, "aware_gateway_batch_inputs")}),
    ],
    "Journal": [
        Panel("Commit with fsync", {
            "p50": quantile(0.5, "aware_gateway_journal_commit_seconds"),
            "p99": quantile(0.99, "aware_gateway_journal_commit_seconds"),
        }, "s"),
        Panel("Records", {
            "written": f"rate(aware_gateway_journal_records_total[{RATE}])",
            "waiting": "aware_gateway_journal_pending_records",
        }),
        Panel("On disk", {
            "journal": "aware_gateway_journal_size_bytes",
            "free": "aware_gateway_journal_free_bytes",
        }, "bytes"),
    ],
    "Lines": [
        Panel("Connections to the broker", {
            "gateway {{session}}": "aware_gateway_session_connected",
            "console {{console}}": "aware_console_broker_connected",
        }),
        Panel("Waiting for the broker", {
            "{{session}}": "aware_gateway_outbox_messages",
            "not acknowledged": "aware_gateway_unacknowledged_messages",
            "supervision": "aware_gateway_supervision_waiting_messages",
        }),
        Panel("Devices", {
            "{{condition}}": "aware_gateway_devices_with_condition",
            "heard": "aware_gateway_devices_heard",
        }),
    ],
    "Programs": [
        Panel("Requests to the consoles", {
            "{{console}} {{status}}": rate(
                "aware_console_http_requests_total", "console", "status"
            )
        }, "reqps", width=6),
        Panel("Processor", {
            "{{job}} {{console}}": f"rate(process_cpu_seconds_total[{RATE}])"
        }, "percentunit", width=6),
        Panel("Memory", {
            "{{job}} {{console}}": "process_resident_memory_bytes"
        }, "bytes", width=6),
        Panel("Certificates hold for", {
            "gateway: {{certificate}}": (
                "aware_gateway_certificate_expiry_timestamp_seconds - time()"
            ),
            "{{console}}: {{certificate}}": (
                "aware_console_certificate_expiry_timestamp_seconds - time()"
            ),
        }, "s", width=6),
    ],
}  # fmt: skip


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_from is not None:
        steps.append({"color": "red", "value": panel.bad_from})
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {
            "h": STAT_HEIGHT if panel.kind == "stat" else HEIGHT,
            "w": panel.width,
            "x": x,
            "y": y,
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": expr,
                "legendFormat": name,
            }
            for place, (name, expr) in enumerate(panel.shown.items())
        ],
    }


def dashboard() -> dict[str, Any]:
    """Return the whole dashboard."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS.items():
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
                "panels": [],
            }
        )
        y += 1
        x = 0
        for panel in row:
            if x + panel.width > COLUMNS:
                x = 0
                y += HEIGHT
            panels.append(_panel(panel, len(panels) + 1, x, y))
            x += panel.width
        y += STAT_HEIGHT if row[0].kind == "stat" else HEIGHT
    return {
        "uid": "aware",
        "title": "AWARE alarm dispatch",
        "tags": ["aware"],
        "timezone": "browser",
        "editable": False,
        "refresh": "5s",
        "schemaVersion": 39,
        "time": {"from": "now-30m", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": []},
        "panels": panels,
    }


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    only_check = parser.parse_args().check
    text = json.dumps(dashboard(), indent=2) + "\n"
    if FILE.is_file() and text == FILE.read_text(encoding="utf-8"):
        return 0
    if only_check:
        sys.stderr.write(f"{FILE.relative_to(ROOT)} differs: run python tools/make_dashboard.py\n")
        return 1
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text, encoding="utf-8")
    sys.stderr.write(f"{FILE.relative_to(ROOT)} brought up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
