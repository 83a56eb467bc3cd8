"""A short fuzzing run of every target, what hypothesis makes of it, and whether a finding shows."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import __main__ as fuzz
from tests.fuzz import corpus
from tests.fuzz.seeds import journal_files, of
from tests.fuzz.targets import SHARES, TARGETS, FindingError, damaged, require

ROOT = Path(__file__).parents[2]
FAST = [name for name in TARGETS if name != "journal"]
RUNS = {"session": 1_500, "gateway": 1_500, "rows": 1_500, "journal": 60}
RUNS_OTHERWISE = 4_000
CORPUS_BYTES_MAX = 300_000

# The codec also reports its panic over text that is not UTF-8 to the unraisable hook.
panics_are_seen = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@panics_are_seen
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_kept_comes_out_well(target: str) -> None:
    """Every good input, and every input that was kept, has only named errors."""
    pool = corpus.pool_of(target)
    assert len(pool) >= len(of(target)) >= 4
    for data in pool:
        TARGETS[target](data)


@panics_are_seen
@pytest.mark.parametrize("target", TARGETS)
def test_a_short_run_finds_nothing(target: str) -> None:
    """Some thousands of damaged inputs, new ones at every change of the seeds, end by name."""
    runs = RUNS.get(target, RUNS_OTHERWISE)
    with fuzz.quiet():
        done = fuzz.by_chance(target, runs, None, seed=4)
    assert (runs, None) == done


@panics_are_seen
@pytest.mark.parametrize("target", FAST)
def test_hypothesis_finds_nothing(target: str) -> None:
    """Bytes that hypothesis makes, and good inputs that it cuts and joins, end by name."""
    good = st.sampled_from(of(target))
    cut = st.tuples(good, st.integers(0, 5_000), st.binary(max_size=60), good)
    joined = cut.map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[3][parts[1] :])

    @settings(max_examples=200)
    @given(st.binary(max_size=400) | joined)
    def run(data: bytes) -> None:
        TARGETS[target](data)

    with fuzz.quiet():
        run()


def test_a_finding_is_kept_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What comes out without a name ends the target, and the input that did it is kept."""

    def breaks(data: bytes) -> None:
        require(b"null" not in data, "null came out")

    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    monkeypatch.setitem(TARGETS, "codec", breaks)
    count, finding = fuzz.by_chance("codec", 50_000, None, seed=1)
    (kept,) = (tmp_path / "codec").iterdir()
    assert b"null" in kept.read_bytes()
    assert 0 < count < 50_000
    assert finding is not None
    assert finding.startswith(str(kept))
    assert "FindingError: null came out" in finding
    with pytest.raises(FindingError):
        breaks(kept.read_bytes())


def test_damage_is_damage() -> None:
    """The damage that stands for a bad disk changes the file, in each of its four ways."""
    good = journal_files()[0]
    ways = [damaged(good, bytes([kind, 16, 40, 1, 2, 3, 4, 5, 6])) for kind in range(4)]
    assert len({good, *ways}) == 5


def test_shares_are_of_the_whole() -> None:
    """Every target has its share of the inputs, and together they are all of them."""
    assert set(TARGETS) == set(SHARES)
    assert 100 == sum(SHARES.values())


def test_the_corpus_is_small() -> None:
    """What is kept in the tree is bounded, and in folders of targets that exist."""
    files = [path for path in corpus.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < CORPUS_BYTES_MAX
    assert {path.parent.name for path in files} <= set(TARGETS)


def test_the_command_counts_and_ends_well() -> None:
    """`./dev fuzz` tells how many inputs each target got, and exits with 0."""
    command = [sys.executable, "-m", "tests.fuzz", "--runs", "600", "--target", "codec"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    *_, last = done.stdout.splitlines()
    assert last.endswith("inputs, 0 findings; seed 1")
    assert int(last.split()[0].replace(",", "")) >= 600
