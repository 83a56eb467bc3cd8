"""The benchmark on a real broker: its files, its exit code, and a driver that is late."""

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from alarm_gateway.adapters.journal import read_rows
from alarm_protocol import topics
from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.bench.orders import SenderOrders
from simulator.bench.profiles import Case, Noise
from simulator.bench.results import BenchFile
from simulator.bench.run import run_case
from simulator.bench.stand import Chain, Stand
from simulator.bench.wire import PacketCutter, connected_socket, publish_packet, subscribe_packet
from simulator.brokers import LocalBroker
from simulator.core.errors import StackError

pytestmark = pytest.mark.broker

BENCH = (sys.executable, "-m", "simulator", "bench")
NEVER = """\
[[threshold]]
says = "an alarm is there before it was sent"
figure = "gateway@200.console.p50_us"
at_most = 0
profiles = ["smoke"]
[[threshold]]
says = "nothing is lost"
figure = "all.lost"
at_most = 0
profiles = ["smoke"]
"""


@pytest.fixture(autouse=True)
def _needs_mosquitto(program: Callable[[str], Path]) -> None:
    program("mosquitto")


def bench(*options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the benchmark to its end."""
    return subprocess.run([*BENCH, *options], cwd=cwd, capture_output=True, text=True, check=False)


def test_a_run_writes_every_report_and_fails_on_a_threshold(tmp_path: Path) -> None:
    """One threshold that cannot hold is exit code 1 and one line; all files are written."""
    (tmp_path / "never.toml").write_text(NEVER)
    done = bench(
        "--profile", "smoke", "--thresholds", "never.toml", "--json", "b.json", "--html", "b.html",
        "--junit", "b.xml", "--summary", "b.md", cwd=tmp_path,
    )  # fmt: skip
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    assert (1, 1) == (done.returncode, len(failed)), done.stderr
    assert failed[0].startswith("FAILED an alarm is there before it was sent: gateway@200")
    file = msgspec.json.decode((tmp_path / "b.json").read_bytes(), type=BenchFile)
    runs = [run for case in file.result.cases for run in case.runs]
    assert 4 * 3 == len(runs)
    for run in runs:
        assert (run.sent, 0, 0) == (run.acknowledged, run.lost, run.duplicated)
    journalled = {case.subject: case.runs[0].journalled for case in file.result.cases}
    assert {"hop": None, "relay": None, "gateway": 300, "system": 300} == journalled
    suite = ET.parse(tmp_path / "b.xml").getroot()  # noqa: S314 - written by ourselves
    assert {"tests": "2", "failures": "1"} == {
        name: suite.attrib[name] for name in ("tests", "failures")
    }
    assert "## Alert path benchmark: FAILED" in (tmp_path / "b.md").read_text()
    assert "Not passed" in (tmp_path / "b.html").read_text()


async def test_a_late_driver_makes_a_run_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that starts a second behind its schedule is late, also in the next attempt.

    And the second that it was late counts as latency: it is counted from when a press was due.
    """
    late = partial(SenderOrders, start_after_s=-1.0)
    monkeypatch.setattr("simulator.bench.run.SenderOrders", late)
    case = Case(
        name="late", subject="hop", rate_per_s=1_000, seconds=0.1, warm_up_s=0.1, attempts=2
    )
    found = await run_case(Stand(tmp_path), case, 1)
    assert (False, 2, 0) == (found.valid, found.attempts, found.lost)
    assert found.late_pct == 100.0
    assert found.stages["hop"].p50_us > 500_000


async def test_the_naive_control_does_the_job(tmp_path: Path) -> None:
    """It is no straw man: what it is sent in its own pace is journalled, shown and answered."""
    case = Case(name="naive@50", subject="naive", rate_per_s=50, seconds=0.5, warm_up_s=0.5)
    found = await run_case(Stand(tmp_path), case, 1)
    assert (50, 50, 0) == (found.sent, found.journalled, found.lost)
    assert {"feedback", "police", "veilig_thuis"} == set(found.stages)


async def test_a_journal_with_a_past_is_one_that_the_gateway_starts_from(tmp_path: Path) -> None:
    """Records are written by the gateway's own code; each run gets a copy to add to."""
    case = Case(
        name="journal", subject="gateway", rate_per_s=100, seconds=0.3, warm_up_s=0.2,
        journal_records=1_200,
    )  # fmt: skip
    stand = Stand(tmp_path)
    for number in (1, 2):
        found = await run_case(stand, case, number)
        assert (50, 50, 0, 0) == (found.sent, found.journalled, found.lost, found.duplicated)
    assert sum(1 for _ in read_rows(tmp_path / "journal-1200")) == 1_200


class FlakyStand(Stand):
    """A stand whose first run cannot start, as if another program took its port."""

    starts = 0

    @contextlib.asynccontextmanager
    async def chain(self, case: Case, run_id: str) -> AsyncIterator[Chain]:
        """Fail the first time."""
        self.starts += 1
        if self.starts == 1:
            raise StackError("port taken")
        async with super().chain(case, run_id) as chain:
            yield chain


async def test_a_run_that_breaks_off_is_begun_again(tmp_path: Path) -> None:
    """An hour of measuring does not end because one of a hundred starts failed."""
    stand = FlakyStand(tmp_path)
    case = Case(name="flaky", subject="hop", rate_per_s=100, seconds=0.2, warm_up_s=0.1)
    found = await run_case(stand, case, 1)
    assert (0, stand.starts) == (found.lost, found.attempts)


@pytest.mark.parametrize(
    ("noise", "devices", "rate"),
    [("heartbeats", 50, 500), ("unreadable", 20, 200), ("reconnects", 20, 100)],
)
async def test_noise_goes_on_beside_the_presses(
    tmp_path: Path, noise: Noise, devices: int, rate: float
) -> None:
    """Heartbeats, garbage and a fleet that reconnects are really there, and nothing is lost."""
    case = Case(
        name=noise, subject="gateway", rate_per_s=100, seconds=1, noise=noise,
        noise_per_s=rate, noise_devices=devices,
    )  # fmt: skip
    found = await run_case(Stand(tmp_path), case, 1)
    assert found.lost == 0
    assert found.noise_per_s > 0


def kept(broker: BrokerUrl) -> list[bytes]:
    """Return the topics of what a broker keeps of ours: all that it sends before our marker."""
    seen: list[bytes] = []
    cutter = PacketCutter(lambda topic, _payload: seen.append(topic))
    with connected_socket(broker, "test-views") as link:
        link.sendall(subscribe_packet([f"{topics.ROOT}/#"]))
        link.sendall(subscribe_packet(["marker"], 2) + publish_packet("marker", b"", None))
        while b"marker" not in seen:
            cutter.feed(link.recv(65_536))
    return [topic for topic in seen if topic != b"marker"]


async def test_a_given_broker_is_used_and_left_as_it_was(tmp_path: Path) -> None:
    """A run on somebody's broker takes all that it left retained away again."""
    broker = LocalBroker("mosquitto", tmp_path)
    await broker.part.start()
    try:
        stand = Stand(tmp_path, broker=broker.url)
        case = Case(name="given", subject="gateway", rate_per_s=100, seconds=0.3, warm_up_s=0.2)
        found = await run_case(stand, case, 1)
        assert ("given", 0) == (stand.broker_kind, found.lost)
        assert "broker" not in found.cpu_us
        assert kept(broker.url) == []
    finally:
        broker.part.kill()


def test_a_wrong_wish_is_one_line(tmp_path: Path) -> None:
    """An unknown profile, a missing file, or a folder that is not there: exit code 2, one line."""
    for options, words in (
        (["--profile", "all"], "there is no profile 'all'; choose smoke, ci or full"),
        (["--only", "nothing"], "no case of smoke has 'nothing' in its name"),
        (["--thresholds", "none.toml"], "none.toml cannot be read"),
        (["--baseline", "none.json"], "none.json cannot be read"),
        (["--html", "nowhere/b.html"], "its folder does not exist"),
    ):
        done = bench(*options, cwd=tmp_path)
        assert done.returncode == 2
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
