"""Who may import whom: import-linter's contracts, and an own look at the cores."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("alarm_gateway", "dispatch", "simulator")
PACKAGES = ("alarm_protocol", *PROGRAMS)

PURE = {
    "unicodedata",
    "__future__", "abc", "bisect", "collections", "copy", "dataclasses", "enum", "functools",
    "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re", "statistics",
    "string", "tomllib", "types", "typing",
    "hdrh", "msgspec",
}  # fmt: skip
"""What a core may import from outside: values and functions of values only."""
FORBIDDEN = {
    "asyncio", "threading", "time", "datetime", "random", "socket", "os", "pathlib", "logging",
    "uuid", "structlog", "mqtt5", "aiomqtt", "paho", "aiohttp", "sqlite3", "secrets",
}  # fmt: skip
"""What the design forbids by name; kept here to show that the list above is stricter."""
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path and syntax tree of every module of a package."""
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and full name of everything that is imported, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield node.lineno, one.name
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "." * node.level + (node.module or "")
            else:
                for one in node.names:
                    yield node.lineno, f"{node.module}.{one.name}"


def below(name: str, *parents: str) -> bool:
    """Tell whether a module is one of these or inside one."""
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def test_import_linter_is_content() -> None:
    """Every contract of pyproject.toml is kept."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_design_s_list_is_within_ours() -> None:
    """Nothing that the design forbids to a core is allowed here."""
    assert not PURE & FORBIDDEN


@pytest.mark.parametrize("program", PROGRAMS)
def test_cores_import_only_pure_modules(program: str) -> None:
    """A core sees pure modules, its own core, and the messages; never clock, I/O or chance."""
    found = []
    for path, tree in modules(f"{program}/core"):
        for line, name in imports(tree):
            pure = name.partition(".")[0] in PURE
            wire = below(name, "alarm_protocol") and not below(name, "alarm_protocol.runtime")
            if not (pure or wire or below(name, f"{program}.core")):
                found.append(f"{path}:{line} imports {name}")
    assert not found


@pytest.mark.parametrize("program", PROGRAMS)
def test_cores_call_nothing_impure(program: str) -> None:
    """A core opens, prints and evaluates nothing, and defines no coroutine."""
    found = []
    for path, tree in modules(f"{program}/core"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in IMPURE_CALLS:
                found.append(f"{path}:{node.lineno} calls {ast.unparse(node.func)}")
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                found.append(f"{path}:{node.lineno} is asynchronous")
    assert not found


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_meet_on_the_wire_only(program: str) -> None:
    """No program imports another; only simulator/world runs the others' cores.

    And one file of the benchmark has the gateway write a journal with a past.
    """
    others = [one for one in PROGRAMS if one != program]
    # The journal's row format is pure too, and a world's disk has to speak it.
    cores = [*(f"{one}.core" for one in others), "alarm_gateway.adapters.chain"]
    found = []
    for path, tree in modules(program):
        for line, name in imports(tree):
            in_world = path.startswith("simulator/world/") and below(name, *cores)
            writes_past = path == "simulator/bench/journals.py" and below(name, "alarm_gateway")
            if below(name, *others) and not in_world and not writes_past:
                found.append(f"{path}:{line} imports {name}")
    assert not found


def test_the_protocol_depends_on_no_program() -> None:
    """What crosses the wire knows nothing of who uses it."""
    found = [
        f"{path}:{line} imports {name}"
        for path, tree in modules("alarm_protocol")
        for line, name in imports(tree)
        if below(name, *PROGRAMS)
    ]
    assert not found


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "tools"])
def test_imports_are_absolute(package: str) -> None:
    """Every import names its package in full."""
    found = [
        f"{path}:{line} imports {name}"
        for path, tree in modules(package)
        for line, name in imports(tree)
        if name.startswith(".")
    ]
    assert not found
