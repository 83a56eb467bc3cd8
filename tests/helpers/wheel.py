"""The wheel, built from this tree and installed where nothing else of the project is."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("alarm-gateway", "dispatch-console", "alarm-simulator")


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the wheel: its Python, its programs, and the wheel itself."""

    folder: Path
    wheel: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def program(self, name: str) -> Path:
        """One of its commands."""
        return self.folder / "bin" / name


def install_wheel(folder: Path) -> Installed:
    """Build the wheel and install it into an empty environment.

    The dependencies are those that these tests run with: their folder is put on the path of the
    new environment, without the editable install of this tree that lies in it too.
    """
    built = folder / "built"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(ROOT))
    (wheel,) = built.glob("*.whl")
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    installed = Installed(environment, wheel)
    _run(*pip, "--python", str(installed.python), "install", "--no-deps", "--no-index", str(wheel))
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    # A path file adds a folder and reads no path files in it: the editable install stays out.
    site = Path(paths["purelib"]) / "dependencies.pth"
    site.write_text("\n".join(dict.fromkeys(_dependency_folders())) + "\n", encoding="utf-8")
    return installed


def _dependency_folders() -> tuple[str, str]:
    return sysconfig.get_path("purelib"), sysconfig.get_path("platlib")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
