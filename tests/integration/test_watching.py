"""What watches over the programs: rules and dashboard ask for figures that there are."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from simulator.processes import Part
from tests.helpers.figures import names_at
from tests.helpers.gateway_process import Broker, Gateway
from tests.integration.conftest import free_port

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "aware.json"
SAMPLES = Path(__file__).with_name("alert_samples.yml")
NAME = re.compile(r"\b(?:aware_(?:gateway|console)|process)_[a-z0-9_]+")
DEADLINE_S = 30.0
TOLD = {"Watchdog", "ConsoleDown"}


def rules() -> list[dict[str, Any]]:
    """Return every alert rule."""
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def shown() -> list[str]:
    """Return every expression of the dashboard, as it is asked."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [expression.replace("$__rate_interval", "1m") for expression in asked]


@pytest.fixture
def console(tmp_path: Path, mosquitto: Broker) -> Iterator[tuple[Part, str]]:
    """A police console with figures, not started yet, and where they are."""
    accounts, port = tmp_path / "accounts.json", free_port()
    program = [sys.executable, "-m", "dispatch"]
    subprocess.run(
        [*program, "users", "add", "ans", "--accounts", accounts, "--console", "police"],
        check=True,
        capture_output=True,
    )
    options = [
        *("run", "--console", "police", "--broker", mosquitto.url, "--port", "0"),
        *("--accounts", str(accounts), "--metrics-port", str(port)),
    ]
    part = Part("console", [*program, *options], log=tmp_path / "console.log")
    yield part, f"127.0.0.1:{port}"
    part.kill()


@pytest.fixture
async def watched(gateway: Gateway, console: tuple[Part, str]) -> AsyncIterator[tuple[str, str]]:
    """A gateway and a console that run, and where their figures are."""
    port = free_port()
    gateway.part = gateway.with_options("--metrics-port", str(port))
    part, at = console
    await gateway.part.start()
    await part.start()
    yield f"127.0.0.1:{port}", at
    assert 0 == await part.stop()
    assert 0 == await gateway.part.stop()


async def test_every_figure_that_is_asked_for_is_shown(watched: tuple[str, str]) -> None:
    """No rule and no panel waits for a name that no program has."""
    names: set[str] = set()
    for address in watched:
        names |= await names_at(f"http://{address}")
    asked = {name for text in [rule["expr"] for rule in rules()] + shown()
             for name in NAME.findall(text)}  # fmt: skip
    assert len(asked) > 30
    assert set() == asked - names


def test_the_dashboard_is_what_its_tool_writes() -> None:
    """Panels are changed in one place, and that is no file of JSON."""
    command = [sys.executable, str(ROOT / "tools" / "make_dashboard.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_the_rules_are_good_and_say_what_their_samples_say(
    program: Callable[[str], Path],
) -> None:
    """Prometheus's own tool reads configuration and rules, and plays the sample data."""
    promtool = program("promtool")
    for words in (
        ("check", "config", PROMETHEUS / "prometheus.yml"),
        ("test", "rules", SAMPLES),
    ):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stdout + done.stderr


def test_every_alert_has_somebody_who_is_told() -> None:
    """Each severity goes to its receiver, and every receiver is somebody."""
    told = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    routes = {route["matchers"][0]: route["receiver"] for route in told["route"]["routes"]}
    assert {'severity="page"': "pages", 'alertname="Watchdog"': "watchdog"} == routes
    assert "tickets" == told["route"]["receiver"]
    found = {one["name"]: one["webhook_configs"][0]["url_file"] for one in told["receivers"]}
    assert {name: f"/run/secrets/alert_{name}" for name in ("pages", "tickets", "watchdog")} == (
        found
    )


def test_every_alert_is_in_the_runbook_and_links_to_it() -> None:
    """Whoever is woken up finds a page that says what it means, under the alert's own name."""
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = re.findall(r"(?m)^### (\w+)$", text)
    assert sections == [rule["alert"] for rule in rules()]
    for rule in rules():
        name = rule["alert"]
        assert f"docs/runbook.md#{name.lower()}" == rule["annotations"]["runbook"]
        assert rule["labels"]["severity"] in {"page", "ticket", "none"}


async def query(url: str, expression: str) -> list[dict[str, Any]]:
    """Ask Prometheus, and return what it found."""
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}/api/v1/query", params={"query": expression}) as answer,
    ):
        body = await answer.json()
    assert "success" == body["status"], (expression, body)
    result: list[dict[str, Any]] = body["data"]["result"]
    return result


async def until_ready(url: str) -> None:
    """Wait until Prometheus answers questions: its port is open before."""
    async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession() as client:
        while True:
            async with client.get(f"{url}/-/ready") as answer:
                if 200 == answer.status:
                    return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def duty() -> AsyncIterator[tuple[int, set[str]]]:
    """Stand where the Alertmanager stands; return the port, and the alerts that are passed on."""
    told: set[str] = set()

    async def take(request: web.Request) -> web.Response:
        told.update(alert["labels"]["alertname"] for alert in await request.json())
        return web.Response()

    manager = web.Application()
    manager.router.add_post("/api/v2/alerts", take)
    runner = web.AppRunner(manager)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], told
    await runner.cleanup()


async def test_a_real_prometheus_watches_with_these_files(
    tmp_path: Path, program: Callable[[str], Path], watched: tuple[str, str]
) -> None:
    """It reads both programs by the shipped configuration, answers every panel, and tells.

    The console of Veilig Thuis is not there at all, and somebody has to hear of that.
    """
    text = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    for old, new in {
        "gateway:9101": watched[0],
        "console-police:9102": watched[1],
        "interval: 5s": "interval: 1s",
        "timeout: 4s": "timeout: 1s",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    (tmp_path / "alerts.yml").write_bytes((PROMETHEUS / "alerts.yml").read_bytes())
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    part = Part(
        "prometheus",
        [
            str(program("prometheus")),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'figures'}",
            f"--web.listen-address=127.0.0.1:{port}",
            # The first time it does not know yet whom to tell.
            "--rules.alert.resend-delay=1s",
        ],
        log=tmp_path / "prometheus.log",
        port=port,
    )
    async with duty() as (manager_port, told), asyncio.timeout(2 * DEADLINE_S):
        targets = (PROMETHEUS / "alertmanagers.yml").read_text(encoding="utf-8")
        targets = targets.replace("alertmanager:9093", f"127.0.0.1:{manager_port}")
        (tmp_path / "alertmanagers.yml").write_text(targets, encoding="utf-8")
        await part.start()
        try:
            await until_ready(url)
            while not TOLD <= told or (
                2 > len(await query(url, 'up{job=~"gateway|console"} == 1'))
            ):
                await asyncio.sleep(0.1)
            for expression in shown():
                await query(url, expression)
            assert [] != await query(url, "aware_gateway_ready == 1")
        finally:
            part.kill()
