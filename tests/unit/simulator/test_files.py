"""Writing in one step."""

from pathlib import Path

import pytest

from simulator.files import write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there, and nothing else is in the folder."""
    path = tmp_path / "new" / "f"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """When the last step fails the part-written file goes and the target is untouched."""
    target = tmp_path / "taken"
    (target / "child").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_atomically(target, b"x")
    assert list(tmp_path.iterdir()) == [target]
