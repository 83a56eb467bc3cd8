"""The result in every form: a table, Markdown, JUnit, HTML and JSON."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import msgspec
import pytest

from simulator.bench.page import html_page
from simulator.bench.reports import junit, markdown, place_rows, tally, text_table
from simulator.bench.results import BenchFile
from simulator.bench.search import Ceiling, Probe
from simulator.bench.verdict import Finding
from tests.helpers.bench import case, file, result, run, search, stage, taking

FAILED = Finding(
    says="p99 <is> near", line="p99 <is> near: f is 5, must be at most 4", outcome="failed"
)
FINDINGS = [
    Finding(says="nothing is lost", line="nothing is lost: all.lost is 0", outcome="holds"),
    FAILED,
    Finding(says="broker", line="broker: not ours to read", outcome="skipped"),
]


@pytest.fixture
def whole() -> BenchFile:
    """A result with floor, gateway, system, a case without a valid run, and a ceiling."""
    late = taking(50_000, late_pct=7.0)
    cases = [
        case("relay@200", taking(500, journalled=None)),
        case("gateway@200", taking(1_000), late),
        case("system@200", taking(2_000)),
        case("quiet", late),
    ]
    return file(result(cases, [search("system", 2_600, run())]), FAILED.line)


def row_of(text: str, name: str) -> list[str]:
    """Return the cells of a Markdown row."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_markdown_leads_with_the_verdict_and_each_failure(whole: BenchFile) -> None:
    """A reader of the job's page sees in three lines whether it passed, and what did not."""
    text = markdown(whole, FINDINGS)
    assert text.startswith("## Alert path benchmark: FAILED\n")
    assert f"- FAILED {FAILED.line}\n" in text
    assert "1 of 3 thresholds hold, 1 failed, 1 skipped" in text


def test_a_case_is_a_row_with_its_ratios(whole: BenchFile) -> None:
    """The row tells valid runs, median, and the ratio to the bare relay."""
    row = row_of(markdown(whole, []), "gateway@200")
    assert ["1 of 2", "1.00 (1.00-1.00)", "2.0"] == [row[1], row[2], row[4]]


def test_a_case_without_a_valid_run_has_no_latency(whole: BenchFile) -> None:
    """A figure of a late driver is not shown as if it were one."""
    row = row_of(markdown(whole, []), "quiet")
    assert ["0 of 1", "", ""] == row[1:4]


def test_the_account_counts_each_place(whole: BenchFile) -> None:
    """Sent, taken, journalled and shown are counted over all runs, valid or not."""
    text = markdown(whole, []).partition("Every press accounted for")[2]
    assert ["gateway@200", "4", "4", "", "4", "2", "2", "", "0", "0"] == row_of(text, "gateway@200")


def test_a_ceiling_says_what_it_was_limited_by() -> None:
    """A rate that the driver could not send is not sold as the gateway's limit."""
    probe = Probe(rate_per_s=3_000, seconds=4, p99_us=1, lost=0, refused="p99 140 ms")
    one = msgspec.structs.replace(
        search("system", 2_600, run()),
        ceiling=Ceiling(rate_per_s=2_600, runs=[run()], probes=[probe]),
    )
    text = markdown(file(result([], [one])), [])
    assert "p99 140 ms at 3,000/s" in row_of(text, "system")


def test_the_terminal_has_a_table_with_every_case(whole: BenchFile) -> None:
    """Each case is there twice: how fast, and the account."""
    lines = text_table(whole).splitlines()
    assert 2 == sum("gateway@200" in line for line in lines)
    assert any("2600/s" in line for line in lines)


def test_junit_has_a_test_for_each_threshold(whole: BenchFile) -> None:
    """A CI system shows which failed, with the line, and which were skipped."""
    suite = ET.fromstring(junit(whole, FINDINGS))  # noqa: S314 - written by ourselves
    assert {"tests": "3", "failures": "1", "skipped": "1"} == {
        name: suite.attrib[name] for name in ("tests", "failures", "skipped")
    }
    assert [FAILED.line] == [one.attrib["message"] for one in suite.iter("failure")]
    assert [True] == [
        one.attrib["name"] == "broker" for one in suite if one.find("skipped") is not None
    ]


class Page(HTMLParser):
    """Gathers addresses, and checks that elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that closes itself."""

    def handle_endtag(self, tag: str) -> None:
        """Close an element, the last that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Gather text."""
        self.text += data


def test_the_page_is_whole_and_needs_no_network(whole: BenchFile) -> None:
    """Elements are closed, nothing is fetched, and what thresholds say is escaped."""
    text = html_page(whole, FINDINGS)
    page = Page()
    page.feed(text)
    assert (page.open, page.addresses) == ([], [])
    assert not re.search(r"url\(|@import|<script", text)
    assert "<is>" not in text
    assert FAILED.line in page.text


def test_the_page_shows_a_verdict_histograms_and_ceilings(whole: BenchFile) -> None:
    """A manager sees at the top whether it passed, and a picture for each rate."""
    text = html_page(whole, FINDINGS)
    assert text.index("Not passed") < text.index("<svg")
    assert 'aria-label="200 alarms a second"' in text
    assert 'aria-label="ceilings"' in text
    assert "Passed" in html_page(msgspec.structs.replace(whole, failures=[]), FINDINGS[:1])


def test_the_page_says_whether_a_browser_took_part(whole: BenchFile) -> None:
    """Without one, it is said that WebSocket clients stand for the pages."""
    painted = {"police": stage(2_000), "veilig_thuis": stage(2_000), "painted": stage(20_000)}
    with_browser = file(result([case("browser", run(painted))]))
    assert "No browser took part" in html_page(whole, [])
    assert "headless Chromium" in html_page(with_browser, [])


def test_json_comes_back_as_it_was(whole: BenchFile) -> None:
    """Every figure, run and histogram survives being written and read."""
    assert whole == msgspec.json.decode(msgspec.json.encode(whole), type=BenchFile)


def test_the_other_screens_of_a_console_are_one_row() -> None:
    """Twenty screens do not make a table of forty rows."""
    names = ("police", "police screen 2", "police screen 3", "veilig_thuis")
    one = case("20 screens", run({name: stage(1_000) for name in names}))
    rows = [row[1:3] for row in place_rows(file(result([one])))]
    expected = [["police", "1"], ["police, other screens", "2"], ["veilig_thuis", "1"]]
    assert expected == rows


def test_no_thresholds_are_no_pass() -> None:
    """A run of a few cases says that nothing was asked."""
    assert tally([]) == "no thresholds were asked for"
