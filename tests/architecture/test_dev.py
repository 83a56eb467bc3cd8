"""The script that starts everything, with a Python that only notes what it is asked."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65_534
FAKE_PYTHON = """\
#!/bin/sh
# Stands for a Python: makes a folder for an environment, and notes every `-m`.
case "$1" in
  --version) echo "Python {version}" ;;
  -c) case "$2" in
    *sys.version\\)*) echo "{version}" ;;
    *"import pip"*) [ ! -e "$0.no-pip" ] ;;
    *) {wanted} ;;
    esac ;;
  -m)
    echo "$*" >> "{log}"
    if [ "$2" = venv ]; then
      [ ! -e "{folder}/cut" ] || kill -9 $PPID
      mkdir -p "$3/bin"
      cp "$0" "$3/bin/python"
      printf '#!/bin/sh\\npwd\\nprintf "<%%s>" "$@"\\n' > "$3/bin/alarm-simulator"
      chmod +x "$3/bin/alarm-simulator"
    else
      [ ! -e "{folder}/cut-pip" ] || kill -9 $PPID
      [ ! -e "{folder}/no-index" ]
    fi ;;
esac
"""


class Clone:
    """A copy of the script in a folder of its own, with a Python to call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "clone"
        self.root.mkdir(parents=True)
        shutil.copy(ROOT / "dev", self.root / "dev")
        for name in ("requirements.lock", "pyproject.toml"):
            (self.root / name).write_text(f"# {name}\n", encoding="utf-8")
        self.log = folder / "log"
        self.python = self.make_python("python3", "3.11.9")

    def make_python(self, name: str, version: str, wanted: str = "exit 0") -> Path:
        """Put a Python into the folder for programs."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        text = FAKE_PYTHON.format(version=version, wanted=wanted, log=self.log, folder=self.folder)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def demo(
        self, *options: str, root: Path | None = None, user: int | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `dev demo` from the folder above the clone."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.defpath}"
        return subprocess.run(
            [(root or self.root) / "dev", "demo", *options],
            cwd=self.folder,
            env={"PATH": path, **env},
            capture_output=True,
            text=True,
            check=False,
            user=user,
        )

    def asked(self) -> list[str]:
        """Return what Python was started for since the last time: `venv` or `pip`."""
        words = [line.split()[1] for line in self.log.read_text().splitlines()]
        self.log.write_text("")
        return words


FRESH = ["venv", "pip", "pip"]


@pytest.fixture
def clone() -> Iterator[Clone]:
    """Give a clone in a folder that other users can read too."""
    with tempfile.TemporaryDirectory(prefix="aware-dev-") as folder:
        Path(folder).chmod(0o755)
        made = Clone(Path(folder))
        made.log.write_text("")
        yield made


def test_the_second_start_installs_nothing(clone: Clone) -> None:
    """An environment that is whole and up to date is left alone."""
    assert 0 == clone.demo().returncode
    assert FRESH == clone.asked()
    assert 0 == clone.demo().returncode
    assert [] == clone.asked()


@pytest.mark.parametrize("cut", ["cut", "cut-pip"])
def test_an_interrupted_start_is_begun_again(clone: Clone, cut: str) -> None:
    """An environment that was killed while being made, or filled, is made anew and works."""
    (clone.folder / cut).touch()
    assert 0 != clone.demo().returncode
    (clone.folder / cut).unlink()
    clone.asked()
    done = clone.demo()
    assert (0, FRESH) == (done.returncode, clone.asked())
    assert "never finished" in done.stderr


def test_a_failed_installation_is_tried_again_without_a_new_environment(clone: Clone) -> None:
    """Without a package index the next start only installs, and the error is the last line."""
    (clone.folder / "no-index").touch()
    done = clone.demo()
    assert (2, "is a package index reachable?)") == (done.returncode, done.stderr[-31:].strip())
    (clone.folder / "no-index").unlink()
    clone.asked()
    assert (0, ["pip", "pip"]) == (clone.demo().returncode, clone.asked())


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_an_environment_made_elsewhere_is_made_anew(clone: Clone, how: str) -> None:
    """Scripts in it hold the old path, and would run the old folder's code."""
    clone.demo()
    clone.asked()
    other = clone.folder / "other"
    if how == "moved":
        clone.root.rename(other)
    else:
        shutil.copytree(clone.root, other, symlinks=True)
    done = clone.demo(root=other)
    assert (0, FRESH) == (done.returncode, clone.asked())
    assert f"it was made for {clone.root}" in done.stderr


def test_an_environment_whose_python_is_gone_is_made_anew(clone: Clone) -> None:
    """After an upgrade of the system the link in it may lead nowhere."""
    clone.demo()
    clone.asked()
    (clone.root / ".venv" / "bin" / "python").unlink()
    done = clone.demo()
    assert (0, FRESH) == (done.returncode, clone.asked())
    assert "does not work any more" in done.stderr


def test_a_file_in_the_place_of_the_environment_is_replaced(clone: Clone) -> None:
    """Whatever stands there is no environment, and the name is this script's."""
    (clone.root / ".venv").write_text("")
    assert 0 == clone.demo().returncode


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("/nowhere/python3", "PYTHON=/nowhere/python3 is no program"),
        ("python3.1", "it is Python 3.1, and 3.11 or newer is needed"),
        ("/bin/false", "PYTHON=/bin/false cannot be used: it does not run"),
    ],
)
def test_an_unusable_python_is_refused_in_one_line(clone: Clone, wish: str, said: str) -> None:
    """A PYTHON that was asked for is not passed over in silence, with an environment or not."""
    old = "echo 'it is Python 3.1, and 3.11 or newer is needed' >&2; exit 1"
    clone.make_python("python3.1", "3.1.0", wanted=old)
    for _ in ("without an environment", "with one"):
        done = clone.demo(PYTHON=wish)
        assert (2, 1) == (done.returncode, done.stderr.count("\n"))
        assert said in done.stderr
        assert done.stderr.startswith("dev: PYTHON=")
        clone.demo()


def test_the_script_asks_a_real_python_what_it_has_to() -> None:
    """The question that the stand-in above only answers is good Python, and says yes to this."""
    text = (ROOT / "dev").read_text(encoding="utf-8")
    question = text.partition("WANTED='")[2].partition("'\n")[0]
    done = subprocess.run([sys.executable, "-c", question], capture_output=True, check=False)
    assert (0, b"") == (done.returncode, done.stderr)


def test_another_python_makes_the_environment_anew(clone: Clone) -> None:
    """PYTHON= chooses the interpreter also where there is an environment already."""
    clone.demo()
    clone.asked()
    clone.make_python("python3.12", "3.12.1")
    done = clone.demo(PYTHON="bin/python3.12")  # from the folder that the caller is in
    assert (0, FRESH) == (done.returncode, clone.asked())
    assert [] == (clone.demo(PYTHON="python3.12"), clone.asked())[1]


def test_a_clone_that_cannot_be_written_is_said_in_one_line(clone: Clone) -> None:
    """A folder that is read-only gets a line that says what to do, and no traceback of pip."""
    root_user = os.geteuid() == 0
    clone.root.chmod(stat.S_IRUSR | stat.S_IXUSR | 0o055)
    done = clone.demo(user=NOBODY if root_user else None)
    clone.root.chmod(0o755)
    said = [line for line in done.stderr.splitlines() if line.startswith("dev: ")]
    assert 2 == done.returncode
    assert [f"dev: {clone.root} cannot be written"] == [line.partition(",")[0] for line in said]
    assert "use a copy of this folder" in said[0]


def test_a_relative_data_folder_is_the_callers(clone: Clone) -> None:
    """`--data-dir here` is in the folder the caller is in; without it data is in the clone."""
    clone.demo()
    given = clone.demo("--data-dir", "here").stdout.splitlines()
    default = f"<demo><--data-dir><{clone.root}/.demo>"
    assert [str(clone.folder), f"{default}<--data-dir><here>"] == given
