"""The page's own files, read once and served from memory with their right types."""

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from dispatch.core.errors import MissingPageError

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
"""Whatever else lies there is not served."""
INDEX = "index.html"
LEAN = (".js", ".css")
VENDOR = "vendor/"


class StaticFile(NamedTuple):
    """One file in memory."""

    body: bytes
    content_type: str
    etag: str


def load_files() -> dict[str, StaticFile]:
    """Read all files of the page, by their path below `static/`.

    Raises:
        MissingPageError: The installation has no page.
    """
    files: dict[str, StaticFile] = {}
    root = resources.files("dispatch.web") / "static"
    if root.is_dir():
        _collect(root, "", files)
    if INDEX not in files:
        raise MissingPageError("the page is not installed; install this package again")
    return files


def _collect(folder: Traversable, prefix: str, files: dict[str, StaticFile]) -> None:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        suffix = f".{entry.name.rpartition('.')[2]}"
        if entry.is_dir():
            _collect(entry, f"{path}/", files)
        elif suffix in TYPES:
            body = entry.read_bytes()
            if suffix in LEAN and not path.startswith(VENDOR):
                body = lean(body)
            files[path] = StaticFile(body, TYPES[suffix], hashlib.sha256(body).hexdigest()[:32])


def lean(body: bytes) -> bytes:
    """Return our own script or style without indentation and comment lines, a seventh of it.

    Every line keeps its number, so that what a browser reports is found in the source. Nothing in
    a template or a text may depend on how a line begins.
    """
    lines = (line.lstrip() for line in body.split(b"\n"))
    return b"\n".join(b"" if line.startswith(b"//") else line for line in lines)


class Files:
    """Handlers for `/` and `/static/...`."""

    def __init__(self) -> None:
        self._files = load_files()

    async def index(self, request: web.Request) -> web.StreamResponse:
        """Answer with the page."""
        return self._send(request, INDEX)

    def page(self, path: str) -> Handler:
        """Return what answers with another page than the first; it holds no data itself."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return self._send(request, path)

        return answer

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Answer with one of the page's files."""
        return self._send(request, request.match_info["path"])

    def _send(self, request: web.Request, path: str) -> web.StreamResponse:
        file = self._files.get(path)
        if file is None:
            raise web.HTTPNotFound
        # `no-cache`: kept, but asked about each time, so that a page never mixes two versions.
        headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache"}
        if any(tag.value == file.etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        response = web.Response(
            body=file.body, content_type=file.content_type, charset="utf-8", headers=headers
        )
        response.enable_compression()
        return response
