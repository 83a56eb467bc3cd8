"""docs/asvs.md: no item of level 2 is left out, and what is said to be shown is shown."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "asvs.md"
STATES = {"met", "partly", "not met", "-"}
ITEMS = {
    "2.1": 12, "2.2": 3, "2.3": 3, "2.4": 6, "2.5": 7, "2.6": 3, "2.7": 6, "2.8": 7, "2.9": 3,
    "2.10": 4, "3.1": 1, "3.2": 4, "3.3": 4, "3.4": 5, "3.5": 3, "3.7": 1, "4.1": 5, "4.2": 2,
    "4.3": 3, "5.1": 5, "5.2": 8, "5.3": 10, "5.4": 3, "5.5": 4, "7.1": 4, "7.2": 2, "7.3": 4,
    "7.4": 3, "8.1": 4, "8.2": 3, "8.3": 8, "9.1": 3, "9.2": 4, "13.1": 5, "13.2": 6, "13.3": 2,
    "13.4": 2, "14.1": 4, "14.2": 6, "14.3": 3, "14.4": 7, "14.5": 4,
}  # fmt: skip
"""How many items of level 2 or lower each section of ASVS 4.0.3 has, as the page has it."""
DELETED = {"4.1.4", "7.3.2", "13.1.2", "13.2.4", "14.3.1"}
"""Numbers that the standard does not use any more."""


class Row(NamedTuple):
    """One line of a table."""

    items: tuple[str, ...]
    state: str
    how: str
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    """Yield the lines of the page's tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d", line):
            item, _, state, how, shown = (cell.strip() for cell in line.strip("|").split("|"))
            first, _, last = item.partition(" to ")
            section, _, number = first.rpartition(".")
            numbers = range(int(number), int((last or first).rpartition(".")[2]) + 1)
            items = tuple(f"{section}.{one}" for one in numbers)
            yield Row(items, state, how, tuple(re.findall(r"`([^`]+)`", shown)))


ROWS = list(rows())
TESTS = sorted({test for row in ROWS for test in row.tests})


def test_no_item_is_missing_and_none_is_made_up() -> None:
    """Every item of these chapters at level 2 is there once."""
    wanted = {f"{section}.{one}" for section, n in ITEMS.items() for one in range(1, n + 1)}
    found = [item for row in ROWS for item in row.items]
    assert sorted(wanted - DELETED) == sorted(found)


def test_each_item_has_a_state_and_a_reason() -> None:
    """What is not met says why, and what is said to be met by code is shown by a test."""
    for row in ROWS:
        assert row.state in STATES, row
        assert row.how or row.tests, row
        assert row.how or row.state == "met", row


@pytest.mark.parametrize("name", TESTS)
def test_what_is_named_is_a_test(name: str) -> None:
    """The file is there, and the test in it."""
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    defined = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert function in defined
