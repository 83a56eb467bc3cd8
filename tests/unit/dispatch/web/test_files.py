"""The page's files: nothing inline, no HTML from strings, and the library that was recorded."""

import gzip
import hashlib
import json
import re
from importlib import resources

import pytest

from dispatch.web.files import load_files

FILES = load_files()
OURS = {name: file.body.decode() for name, file in FILES.items() if not name.startswith("vendor/")}
SCRIPTS = {name: text for name, text in OURS.items() if name.endswith(".js")}
BYTES_MAX = 120_000
GZIPPED_BYTES_MAX = 45_000
SECOND_LANGUAGE = {"en.js", "cards-en.js"}
"""Loaded in the place of nl.js's words where it is chosen, and only then."""


def test_the_vendored_library_is_the_one_on_record() -> None:
    """Its bytes are those of the version, licence and SHA-256 beside it."""
    folder = resources.files("dispatch.web") / "static" / "vendor"
    record = json.loads((folder / "lit.json").read_text())
    body = FILES["vendor/lit.js"].body
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    assert record["bytes"] == len(body)
    assert record["licence"] == "BSD-3-Clause"


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    """The policy would block it; this says so before a browser does."""
    index = OURS["index.html"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", index) == []
    assert re.findall(r"<style|\bstyle=|\bon\w+=", index) == []
    assert re.findall(r"(?:src|href)=\"(?!/static/)", index) == []


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_script_makes_html_from_strings(name: str) -> None:
    """Text of devices and operators is only ever set as text."""
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafe|eval\(|style="
    assert re.findall(forbidden, SCRIPTS[name]) == []


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_every_import_is_a_file_of_the_page(name: str) -> None:
    """No script asks for what is not served."""
    for target in re.findall(r'from "\./([^"]+)"', SCRIPTS[name]):
        assert target in FILES


def test_the_page_is_light() -> None:
    """All that a page loads stays below 120 kB, and below 45 kB compressed."""
    loaded = [file.body for name, file in FILES.items() if name not in SECOND_LANGUAGE]
    assert sum(map(len, loaded)) < BYTES_MAX
    assert sum(len(gzip.compress(body, 6)) for body in loaded) < GZIPPED_BYTES_MAX
