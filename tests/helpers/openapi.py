"""The consoles' interface as docs/openapi.yaml has it, to hold real answers against."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import jsonschema
import yaml

FILE = Path(__file__).parents[2] / "docs" / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


class Operation(NamedTuple):
    """One method of one path."""

    path: str
    method: str
    content: dict[str, Any]

    @property
    def signed(self) -> bool:
        """Whether it needs a session."""
        return bool(self.content["security"])

    @property
    def responses(self) -> dict[int, dict[str, Any]]:
        """Its answers by status."""
        return {int(status): resolved(one) for status, one in self.content["responses"].items()}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference inside the document."""
    if "$ref" not in node:
        return node
    found: Any = DOCUMENT
    for part in str(node["$ref"]).removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def operations() -> Iterator[Operation]:
    """Yield every operation of the document."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(path, method, item[method])


OPERATIONS = {(one.method, one.path): one for one in operations()}


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """Return what checks against a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(whole, format_checker=checker)


async def conforms(operation: Operation, response: aiohttp.ClientResponse) -> None:
    """Fail where an answer is not one that the document has for this operation."""
    told = f"{operation.method} {operation.path} {response.status}"
    answer = operation.responses.get(response.status)
    assert answer is not None, told
    for name, header in answer.get("headers", {}).items():
        assert name in response.headers or not header["required"], f"{told}: {name}"
    media = answer.get("content")
    if not media:
        return
    assert {response.content_type, "*/*"} & set(media), f"{told}: {response.content_type}"
    if response.content_type == "application/json":
        validator(media["application/json"]["schema"]).validate(await response.json())


def references(node: Any) -> list[str]:
    """Collect every `$ref` below a node, of any such document."""
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for item in node.values() for found in references(item)]
    return []
