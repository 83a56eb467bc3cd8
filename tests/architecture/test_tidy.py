"""House style that no linter checks: sizes, docstrings, and what never goes into the tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("alarm_protocol", "alarm_gateway", "dispatch", "simulator")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

NOT_OURS = {"vendor", "node_modules", "__pycache__", "build", "dist"}
TEXT_SUFFIXES = {
    "", ".py", ".md", ".toml", ".yaml", ".yml", ".json", ".js", ".css", ".html", ".svg", ".sh",
    ".conf", ".txt", ".lock", ".ini", ".cfg",
}  # fmt: skip
TALKING_MODULES = {"cli", "app", "demo", "button"}
"""Modules whose job it is to speak on standard output."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> Iterator[Path]:
    """Yield every text file of the tree that people here wrote, `.ci` included."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        folders = inside.parts[:-1]
        hidden = any(part.startswith(".") and part != ".ci" for part in folders)
        if hidden or NOT_OURS & set(folders) or any(one.endswith(".egg-info") for one in folders):
            continue
        if path.is_file() and path.suffix in TEXT_SUFFIXES and not inside.name.startswith(".env"):
            yield path


FILES = list(files())
PYTHON = [path for path in FILES if path.suffix == ".py"]
PRODUCT = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in PACKAGES]
TESTS = [path for path in PYTHON if path.name.startswith("test_")]


def name_of(path: Path) -> str:
    """Return a path inside the tree, as a test id and in a finding."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """Parse a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield the public functions, classes and methods below a module or class."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{node.name}.")


def has_docstring(node: ast.AST) -> bool:
    """Tell whether a module, class or function says what it is."""
    if isinstance(node, ast.Module | ast.ClassDef | Function):
        return bool((ast.get_docstring(node) or "").strip())
    return False


def test_the_walk_finds_the_tree() -> None:
    """The checks below look at the files that exist, and not at what is installed."""
    names = {name_of(path) for path in FILES}
    assert {"README.md", "dev", ".ci/run", "pyproject.toml", "requirements.lock"} <= names
    assert {"alarm_protocol/codec.py", "tests/conftest.py", "docs/asyncapi.yaml"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/"))]


def test_no_file_is_too_long() -> None:
    """Code files have at most 400 lines."""
    code = [path for path in FILES if path.suffix in {".py", ".js", ".sh"} or path.name == "dev"]
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code}
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX}


def test_no_function_is_too_long() -> None:
    """Functions have at most 70 lines, tests included."""
    found = []
    for path in PYTHON:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, Function) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    found.append(f"{name_of(path)}:{node.lineno} {node.name} has {lines} lines")
    assert not found


def test_every_module_and_public_definition_has_a_docstring() -> None:
    """Whoever opens a file reads first what it is for."""
    found = []
    for path in PRODUCT:
        tree = tree_of(path)
        if not has_docstring(tree):
            found.append(name_of(path))
        for name, node in public_definitions(tree.body):
            if not has_docstring(node):
                found.append(f"{name_of(path)}: {name}")
    assert not found


def test_every_test_says_what_must_hold() -> None:
    """Each test file and each test function has a docstring."""
    found = [name_of(path) for path in TESTS if not has_docstring(tree_of(path))]
    for path in TESTS:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, Function) or has_docstring(node):
                continue
            if node.name.startswith("test_"):
                found.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert not found


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a note to do something later", r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b"),
        ("a path of one machine", r"(?<![\w.}/-])/(?:home|work|Users|root)/\w"),
        ("a path of one machine", r"\b[A-Z]:\\(?:Users|home)\b"),
        ("a conflict marker", r"(?m)^(?:<{7}|>{7}) "),
    ],
)
def test_nothing_in_the_tree_is(what: str, pattern: str) -> None:
    """No file holds a postponed task, a path of one machine or a merge that was left."""
    found = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        found += [
            f"{name_of(path)}:{text.count(chr(10), 0, one.start()) + 1} {what}: {one[0]}"
            for one in re.finditer(pattern, text)
        ]
    assert not found


def test_only_talking_modules_print() -> None:
    """Standard output belongs to the command lines; everything else writes a log."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in PRODUCT
        if path.stem not in TALKING_MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert not found


def test_product_code_has_no_assert() -> None:
    """Invariants raise named errors, because `assert` disappears under `python -O`."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in PRODUCT
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assert)
    ]
    assert not found


def test_every_package_has_its_tests_in_the_mirror() -> None:
    """Test folders below tests/unit are named after the packages, and no others exist."""
    folders = {path.name for path in (ROOT / "tests" / "unit").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= set(PACKAGES)
