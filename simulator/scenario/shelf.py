"""The scenarios that come with the program, and those of a file."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.table import Table

from simulator.scenario.errors import ScenarioError
from simulator.scenario.script import Script, read_script

_ENDING = ".toml"


class Shipped(NamedTuple):
    """A scenario that comes with the program."""

    name: str
    script: Script


def shipped_names() -> list[str]:
    """Return the names of all shipped scenarios."""
    return [name for name, _ in _shipped_texts()]


def shipped() -> list[Shipped]:
    """Read all shipped scenarios."""
    return [Shipped(name, read_script(text, name)) for name, text in _shipped_texts()]


def find(wanted: str) -> Script:
    """Read a scenario: a shipped one by its name, or a file of one's own by its path.

    Raises:
        ScenarioError: There is none, or it cannot be read.
    """
    for name, text in _shipped_texts():
        if wanted == name:
            return read_script(text, name)
    path = Path(wanted)
    if path.suffix != _ENDING:
        names = ", ".join(shipped_names())
        raise ScenarioError(
            f"there is no scenario {wanted!r}; choose one of {names}, or give a file {_ENDING}"
        )
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ScenarioError(
            f"scenario {path} cannot be read ({error.strerror}); "
            "`alarm-simulator scenarios` lists those that come with the program"
        ) from error
    except UnicodeError as error:
        raise ScenarioError(f"scenario {path} is no text in UTF-8: {error}") from error
    return read_script(text, str(path))


def overview() -> Table:
    """Lay all shipped scenarios out for a person."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "lasts", "speed", "takes"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it shows", overflow="fold")
    for name, script in shipped():
        takes_s = script.lasts_ms / 1_000 / script.speed
        table.add_row(name, script.lasts, f"{script.speed:g}", f"{takes_s:.0f} s", script.shows)
    return table


def _shipped_texts() -> Iterator[tuple[str, str]]:
    folder = files(__package__).joinpath("shipped")
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.name.endswith(_ENDING):
            yield one.name.removesuffix(_ENDING), one.read_text("utf-8")
