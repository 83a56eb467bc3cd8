#!/usr/bin/env python3
"""Write docs/licences.md: each locked dependency with its licence, or check that it is in step.

Run it as `python tools/make_licences.py` where `requirements-dev.lock` is installed; with
`--check` it writes nothing and exits with 1 where the page differs, where a licence is not one
that this project takes, or where a package does not say which one it has.

Licences are what each installed package says of itself: its SPDX expression, else its
classifiers, else the first line of its licence field. What a platform does not install is named in
`ELSEWHERE`.
"""

import argparse
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCKS = {"requirements.lock": "to run", "requirements-dev.lock": "to test"}
TAKEN = {
    "Apache-2.0", "Artistic-1.0-Perl", "BSD-2-Clause", "BSD-3-Clause", "EPL-2.0", "ISC", "MIT",
    "MIT-0", "MPL-2.0", "PSF-2.0",
}  # fmt: skip
"""Licences that this project takes: permissive ones, and those whose duties end at the file."""
OF_NO_LICENCE = {"OSI Approved", "DFSG approved"}
NAMES = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
}
"""What packages call their licence, by its SPDX name."""
ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "librt": "MIT",
    "pycparser": "BSD-3-Clause",
    "uvloop": "Apache-2.0 AND MIT",
}
"""Locked packages that not every platform installs, with their licence."""
READ = {
    "axe-playwright-python": "MIT",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
}
"""Packages that say it in their licence file alone, as a person has read it there."""
HEAD = """# Licences of the dependencies

Written by `tools/make_licences.py` from what the locked packages say of themselves; a test holds it
in step with the locks, and holds that each licence is one of those that this project takes:
{taken}.
Nothing of them is in this tree, but for [lit](../dispatch/web/static/vendor) (BSD-3-Clause) in the
consoles' page and the [compose schema](../tests/vendor/compose-spec) (Apache-2.0) in the tests.
Programs that are started and not linked (Mosquitto, Chromium, nginx, Prometheus, Grafana) have
licences of their own.

| package | version | licence | needed |
| --- | --- | --- | --- |
"""


class UnknownLicenceError(Exception):
    """A package has no licence that this project takes, or does not say so."""


def locked(lock: str) -> dict[str, str]:
    """Return the pinned version of each package of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    versions: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(re.split(r"\s+(?=--)|\s#", line.strip())[0])
            name = canonicalize_name(requirement.name)
            versions[name] = str(requirement.specifier).removeprefix("==")
    return versions


def licence_of(name: str) -> str:
    """Return a package's licence, as an SPDX expression.

    Raises:
        UnknownLicenceError: It does not say, or says something that is not taken.
    """
    try:
        said = READ.get(name) or _said(distribution(name))
    except PackageNotFoundError:
        said = ELSEWHERE.get(name, "")
    return taken(name, said)


def taken(name: str, said: str) -> str:
    """Return a licence that is taken.

    Raises:
        UnknownLicenceError: It is not.
    """
    parts = [part.strip() for part in re.split(r"\bAND\b|\bOR\b|[()]", said) if part.strip()]
    # Of alternatives one has to be taken; of what holds together, everything.
    enough = any if " OR " in said and " AND " not in said else all
    if not parts or not enough(part in TAKEN for part in parts):
        raise UnknownLicenceError(f"{name}: {said or 'says nothing'!r} is no licence that is taken")
    return said


def _said(found: Distribution) -> str:
    meta = found.metadata
    if "License-Expression" in meta:
        return str(meta["License-Expression"])
    classified = [
        line.rpartition(" :: ")[2]
        for line in meta.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    names = [NAMES.get(one, one) for one in classified if one not in OF_NO_LICENCE]
    if names:
        return " AND ".join(sorted(set(names)))
    field = str(meta["License"]) if "License" in meta else ""
    first = field.strip().partition("\n")[0].strip()
    return NAMES.get(first, first)


def page() -> str:
    """Return the page as it should be."""
    needed: dict[str, tuple[str, str]] = {}
    for lock, what in LOCKS.items():
        for name, version in locked(lock).items():
            needed.setdefault(name, (version, what))
    rows = [
        f"| {name} | {version} | {licence_of(name)} | {what} |"
        for name, (version, what) in sorted(needed.items())
    ]
    return HEAD.format(taken=", ".join(sorted(TAKEN))) + "\n".join(rows) + "\n"


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    asked = parser.parse_args()
    try:
        text = page()
    except UnknownLicenceError as error:
        sys.stderr.write(f"make_licences: {error}\n")
        return 1
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if asked.check:
        sys.stderr.write("make_licences: docs/licences.md differs; run tools/make_licences.py\n")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    sys.stderr.write("make_licences: docs/licences.md brought up to date\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
