"""The inputs that are kept: good ones, and those that found new ways through the code."""

import hashlib
from pathlib import Path

from tests.fuzz import seeds

FOLDER = Path(__file__).parent / "corpus"
SUFFIX = ".bin"


def folder_of(target: str) -> Path:
    """Return where a target's inputs are kept."""
    return FOLDER / target


def pool_of(target: str) -> list[bytes]:
    """Return the good inputs of a target and those that are kept, in a fixed order."""
    kept = [path.read_bytes() for path in sorted(folder_of(target).glob(f"*{SUFFIX}"))]
    return [*seeds.of(target), *kept]


def keep(target: str, data: bytes) -> Path:
    """Keep an input under the name of its content."""
    folder = folder_of(target)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}{SUFFIX}"
    path.write_bytes(data)
    return path
