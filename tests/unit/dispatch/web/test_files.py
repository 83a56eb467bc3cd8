"""The page's files: nothing inline, no HTML from strings, and the library that was recorded."""

import gzip
import hashlib
import json
import re
from importlib import resources

import pytest

from dispatch.web.files import lean, load_files

FILES = load_files()
OURS = {name: file.body.decode() for name, file in FILES.items() if not name.startswith("vendor/")}
SCRIPTS = {name: text for name, text in OURS.items() if name.endswith(".js")}
BYTES_MAX = 120_000
GZIPPED_BYTES_MAX = 46_000
LANGUAGES = ("nl", "en")
PAGES = sorted(name for name in OURS if name.endswith(".html"))


def loaded_by(page: str, language: str) -> set[str]:
    """Return all that a page loads where this language is spoken."""
    found, waiting = {page}, [page]
    while waiting:
        text = OURS.get(waiting.pop(), "")
        targets = re.findall(r'(?:from|import|"/static) ?["/]+(?:\./)?([^"]+)"', text)
        later = re.findall(r'import\("\./([^"]+)"\)', text)
        targets += [name for name in later if name.endswith(f"{language}.js")]
        for target in targets:
            if target in FILES and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def test_the_vendored_library_is_the_one_on_record() -> None:
    """Its bytes are those of the version, licence and SHA-256 beside it."""
    folder = resources.files("dispatch.web") / "static" / "vendor"
    record = json.loads((folder / "lit.json").read_text())
    body = FILES["vendor/lit.js"].body
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    assert record["bytes"] == len(body)
    assert record["licence"] == "BSD-3-Clause"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(page: str) -> None:
    """The policy would block it; this says so before a browser does."""
    index = OURS[page]
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


def test_scripts_and_styles_are_served_lean_with_every_line_in_its_place() -> None:
    """What a browser says of line 4 is line 4 of the source."""
    source = b"// why\nexport const a = `\n    <b>\n  `; // said here\n"
    assert lean(source) == b"\nexport const a = `\n<b>\n`; // said here\n"
    folder = resources.files("dispatch.web") / "static"
    for name, served in SCRIPTS.items():
        written = [line.strip() for line in (folder / name).read_text("utf-8").split("\n")]
        expected = ["" if line.startswith("//") else line for line in written]
        assert expected == [line.strip() for line in served.split("\n")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_light(page: str, language: str) -> None:
    """All that a page loads in one language stays below 120 kB, and below 46 kB compressed."""
    loaded = [FILES[name].body for name in loaded_by(page, language)]
    assert sum(map(len, loaded)) < BYTES_MAX
    assert sum(len(gzip.compress(body, 6)) for body in loaded) < GZIPPED_BYTES_MAX


def test_every_file_is_loaded_by_some_page() -> None:
    """What counts is all that is served, and nothing lies there that no page needs."""
    loaded = set().union(*(loaded_by(page, code) for page in PAGES for code in LANGUAGES))
    assert set(FILES) == loaded
