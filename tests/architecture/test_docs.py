"""The documents: links lead somewhere, and every command and decision is written down."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from alarm_gateway.core.policy import Policy, PolicyFile, parse_policy

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:src|srcset|href)=\"([^\"]+)\"")
FENCE = re.compile(r"(?ms)^```.*?^```$")


def name_of(path: Path) -> str:
    """Return a page's path inside the tree."""
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^#{1,6} +(.+?) *$", text)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_relative_links_lead_to_a_file_and_heading(document: Path) -> None:
    """Each link inside the tree names a file that exists, and a heading that is in it."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for match in LINK.finditer(text):
        target = match[1] or match[2]
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        path = (document.parent / file).resolve() if file else document
        inside = path.exists() and path.is_relative_to(ROOT)
        checkable = inside and bool(anchor) and path.suffix == ".md"
        if not inside or (checkable and anchor not in anchors(path)):
            broken.append(target)
    assert not broken


def test_commands_page_is_that_of_the_programs() -> None:
    """docs/commands.md shows every command and option as the programs describe them."""
    script = ROOT / "tools" / "make_commands.py"
    command = [sys.executable, str(script), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_policy_page_shows_every_rule_with_its_default() -> None:
    """The sample in docs/policy.md is a whole policy, and the one that holds without a file."""
    page = (DOCS / "policy.md").read_text(encoding="utf-8")
    (sample,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", page)
    assert Policy() == parse_policy(sample)
    assert msgspec.json.decode(msgspec.json.encode(PolicyFile())) == tomllib.loads(sample)


def test_the_dev_script_is_explained() -> None:
    """Every command of ./dev is in its help, and the README names the two main ones."""
    script = (ROOT / "dev").read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^  (\w+)(?:\|[^)]*)?\)$|^  (help)\|", script)
    names = {one or other for one, other in commands}
    helped = subprocess.run(
        [ROOT / "dev", "help"], capture_output=True, text=True, check=True
    ).stdout
    wanted = {"demo", "test", "chaos", "bench", "fuzz", "check", "lint", "lock", "audit", "help"}
    assert wanted == names
    for name in names:
        assert re.search(rf"(?m)^  {name}\b", helped), name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "./dev demo" in readme
    assert "./dev test" in readme
    assert all(f"./dev {name}" in readme + contributing for name in names - {"help"})


def test_decisions_are_numbered_and_listed() -> None:
    """Each decision has the next number, the four parts, and a line in the list."""
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [f"{number:04}" for number in range(1, len(pages) + 1)] == [
        page.name[:4] for page in pages
    ]
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}: "), page.name
        headings = re.findall(r"(?m)^## (.+)$", text)
        assert headings == ["Context", "Decision", "Consequences"], page.name
        assert f"]({page.name})" in index, page.name


def test_every_page_is_reachable_from_the_readme() -> None:
    """Whoever starts at the README can click to every page."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        targets = [(match[1] or match[2]).partition("#")[0] for match in LINK.finditer(text)]
        waiting += [
            (page.parent / target).resolve() for target in targets if target.endswith(".md")
        ]
    assert not [name_of(page) for page in PAGES if page not in seen]
