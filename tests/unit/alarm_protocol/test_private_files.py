"""Folders and files that nobody else can read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alarm_protocol.runtime.private_files import make_private_file, make_private_folder


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process with this umask."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_the_owners_alone(tmp_path: Path, umask: int) -> None:
    """The rights do not hang on the umask of whoever starts a program."""
    folder = tmp_path / "above" / "data"
    make_private_folder(folder)
    make_private_file(folder / "file")
    assert [0o700, 0o600] == [rights(folder), rights(folder / "file")]


def test_what_is_there_keeps_its_rights_and_content(tmp_path: Path) -> None:
    """Whoever opened a folder to a group meant it."""
    tmp_path.chmod(0o750)
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o640)
    make_private_folder(tmp_path)
    make_private_file(file)
    assert [0o750, 0o640, "x"] == [rights(tmp_path), rights(file), file.read_text()]


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    """It is not silently taken for one."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        make_private_folder(tmp_path / "file")
