"""Everything that one run of the benchmark found, as it is written and read again."""

import msgspec

from simulator.bench.figures import RunFigures, Spread
from simulator.bench.search import Ceiling


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of one case."""

    name: str
    subject: str
    rate_per_s: float
    seconds: float
    runs: list[RunFigures]


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found."""

    name: str
    subject: str
    confirm_s: float
    ceiling: Ceiling


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    system: str
    cores: int
    memory_gib: float
    python: str
    broker: str


class BenchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole."""

    profile: str
    about: str
    at: str
    seconds: float
    machine: Machine
    cases: list[CaseResult]
    searches: list[SearchResult]


class BenchFile(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` writes: a later run can be compared with it."""

    format: str
    figures: dict[str, Spread]
    failures: list[str]
    result: BenchResult
