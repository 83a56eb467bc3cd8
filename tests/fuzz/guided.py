"""One target under atheris, which follows the code's branches: `python -m tests.fuzz.guided`.

It is a process of its own, because atheris never returns. Its last line is libFuzzer's
`Done N runs in S second(s)`; a finding is in a file `crash-...` of the working folder.
"""

import importlib
import sys
from typing import Any


def main() -> None:
    """Fuzz: `guided TARGET [libFuzzer options and corpus folders]`."""
    atheris: Any = importlib.import_module("atheris")
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["alarm_protocol", "alarm_gateway"]):
        targets = importlib.import_module("tests.fuzz.targets")
    atheris.Setup(sys.argv, targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
