#!/usr/bin/env python3
"""Write docs/schemas/*.json from the message structs, or check that they are in step.

Run it as `python tools/make_schemas.py`; with `--check` it writes nothing, names every file
that differs, and exits with 1. The schemas are JSON Schema draft 07, the one form of JSON
Schema that every AsyncAPI 3 tool has to read.
"""

import argparse
import ast
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec

from alarm_protocol import households, messages

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schemas"
DIALECT = "http://json-schema.org/draft-07/schema#"
TYPES: tuple[type[msgspec.Struct], ...] = (
    messages.Press,
    messages.Heartbeat,
    messages.LinkState,
    messages.Feedback,
    messages.AlarmView,
    messages.Presence,
    messages.GatewayStatus,
    messages.Overview,
    messages.ConfirmDelivery,
    messages.Painted,
    *get_args(messages.TrackAction),
    households.HouseholdFile,
)
"""What gets a file of its own; the structs inside them become its definitions."""


def file_name(struct: type[msgspec.Struct]) -> str:
    """Return the schema file of a struct: `LinkState` is in `link_state.json`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", struct.__name__).lower() + ".json"


def field_notes(*modules: ModuleType) -> dict[tuple[str, str], str]:
    """Read the docstrings under the fields, which exist in the source only."""
    notes: dict[tuple[str, str], str] = {}
    for module in modules:
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for class_ in ast.parse(source).body:
            if not isinstance(class_, ast.ClassDef):
                continue
            for field, after in zip(class_.body, class_.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(after, ast.Expr)
                    and isinstance(after.value, ast.Constant)
                ):
                    notes[class_.name, field.target.id] = " ".join(str(after.value.value).split())
    return notes


def in_ecma_regex(node: Any) -> Any:
    r"""Rewrite what JSON Schema reads in another way than Python does.

    Its patterns are ECMA 262, where `\Z` is a capital Z, and `$` is only the very end.
    `discriminator` is no keyword of JSON Schema.
    """
    if isinstance(node, dict):
        return {
            key: value.replace(r"\Z", "$") if key == "pattern" else in_ecma_regex(value)
            for key, value in node.items()
            if key != "discriminator"
        }
    if isinstance(node, list):
        return [in_ecma_regex(item) for item in node]
    return node


def schema_of(struct: type[msgspec.Struct], notes: dict[tuple[str, str], str]) -> dict[str, Any]:
    """Return the schema of one message, complete in itself."""
    _, found = msgspec.json.schema_components([struct], ref_template="#/definitions/{name}")
    definitions: dict[str, Any] = {name: in_ecma_regex(one) for name, one in found.items()}
    for name, one in definitions.items():
        for field, shape in one.get("properties", {}).items():
            if (name, field) in notes and "$ref" not in shape:
                shape["description"] = notes[name, field]
    schema = {"$schema": DIALECT, **definitions.pop(struct.__name__)}
    if definitions:
        schema["definitions"] = dict(sorted(definitions.items()))
    return schema


def make() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    notes = field_notes(messages, households)
    return {
        file_name(struct): json.dumps(schema_of(struct, notes), indent=2, ensure_ascii=False) + "\n"
        for struct in TYPES
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description="Make docs/schemas/*.json from the messages.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if any differs")
    check = parser.parse_args().check
    wanted = make()
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    differing = sorted(
        name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)
    )
    for name in differing:
        verb = "differs from the messages" if check else "brought up to date"
        sys.stderr.write(f"make_schemas: docs/schemas/{name} {verb}\n")
        if check:
            continue
        if name in wanted:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    if check and differing:
        sys.stderr.write("make_schemas: run python tools/make_schemas.py and commit the result\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
