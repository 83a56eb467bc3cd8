#!/usr/bin/env python3
"""Write docs/commands.md from the programs' own help, or check that it is in step.

Run it as `python tools/make_commands.py`; with `--check` it writes nothing and exits with 1
where the page differs.
"""

import argparse
import importlib
import importlib.util
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "commands.md"
HEAD = """# Commands

Written by `tools/make_commands.py` from the programs' own help. Every program ends with exit
code 2 and one line on standard error where a file, an address or a port is no good, and with
0 on Ctrl-C. Long-running commands print one `ready ...` line on standard output; their logs go
to standard error. `alarm-gateway --version`, and so for each program, prints its version.
`./dev help` explains the script that starts everything.
"""


def programs() -> Iterator[tuple[str, typer.Typer]]:
    """Yield the name and the typer application of each program that is there."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "scripts"
    ]
    for name, target in scripts.items():
        module_name = target.partition(":")[0]
        package = module_name.partition(".")[0]
        present = (ROOT / module_name.replace(".", "/")).with_suffix(".py").exists()
        if not present or importlib.util.find_spec(package) is None:
            continue
        module = importlib.import_module(module_name)
        for value in vars(module).values():
            if isinstance(value, typer.Typer):
                yield name, value
                break


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command and those below it, by their full names."""
    below = getattr(command, "commands", None)
    if not below:
        yield name, command
        return
    for word, one in below.items():
        yield from commands(f"{name} {word}", one)


def _words(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _option(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        name = f"`{(parameter.metavar or parameter.name).upper()}`"
    else:
        name = ", ".join(f"`{one}`" for one in names)
    default = parameter.default
    if parameter.required:
        shown = "required"
    elif default is None or callable(default) or default in (False, ()):
        shown = ""
    else:
        shown = f"`{default.value if hasattr(default, 'value') else default}`"
    return f"| {name} | {shown} | {_words(getattr(parameter, 'help', ''))} |"


def make() -> str:
    """Return the text of the page."""
    parts = [HEAD]
    for program, app in programs():
        for name, command in commands(program, typer.main.get_command(app)):
            help_text = "\n\n".join(
                _words(part) for part in (command.help or "").split("\f")[0].split("\n\n")
            )
            parts.append(f"\n## `{name}`\n\n{help_text}\n")
            shown = [one for one in command.params if not getattr(one, "hidden", False)]
            if shown:
                rows = "\n".join(_option(one) for one in shown)
                parts.append(f"\n| option | default | meaning |\n| --- | --- | --- |\n{rows}\n")
    return "".join(parts)


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description="Make docs/commands.md from the programs.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if it differs")
    check = parser.parse_args().check
    wanted = make()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    if check:
        sys.stderr.write(
            "make_commands: docs/commands.md differs from the programs; "
            "run python tools/make_commands.py and commit the result\n"
        )
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    sys.stderr.write("make_commands: docs/commands.md brought up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
