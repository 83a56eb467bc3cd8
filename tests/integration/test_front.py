"""The proxy of an installation with systemd: a real nginx, set up as Debian does it."""

import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from alarm_protocol.units import CONSOLES
from simulator.certs.authority import Authority
from simulator.processes import Part
from simulator.signin import Login, sign_in
from tests.integration.conftest import free_port

ROOT = Path(__file__).parents[2]
CONF = ROOT / "deploy" / "nginx" / "aware-console.conf"
UNITS = ROOT / "deploy" / "systemd"
DEBIAN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    types_hash_max_size 2048;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log {folder}/access.log;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""
"""What /etc/nginx/nginx.conf of Debian 12 says, with folders of this test."""


class Front:
    """Both consoles and the proxy before them, on ports of this test."""

    def __init__(self, folder: Path, nginx: Path) -> None:
        self.folder = folder
        self.ports = {port: free_port() for port in (8101, 8102, 8443, 8444)}
        text = CONF.read_text(encoding="utf-8").replace("/etc/aware/front", str(folder / "front"))
        for old, new in self.ports.items():
            assert re.search(rf"\b{old}\b", text)
            text = re.sub(rf"\b{old}\b", str(new), text)
        text = re.sub(r"listen (\d+)", r"listen 127.0.0.1:\1", text)
        (folder / "conf.d").mkdir()
        (folder / "conf.d" / "aware-console.conf").write_text(text, encoding="utf-8")
        (folder / "nginx.conf").write_text(DEBIAN.format(folder=folder), encoding="utf-8")
        Authority.make(folder / "ca").issue(
            folder / "front" / "front", "server", hosts=("localhost",), days=1
        )
        command = [str(nginx), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")]
        self.parts = [self.console(console, 8101 + n) for n, console in enumerate(CONSOLES)]
        port = self.ports[8443]
        self.parts.append(Part("nginx", command, log=folder / "nginx.log", port=port))

    def accounts(self, console: str) -> Path:
        """Return where a console's accounts are."""
        return self.folder / console / "accounts.json"

    def console(self, console: str, port: int) -> Part:
        """Return a console as its unit starts it; it waits for a broker, and serves meanwhile."""
        words = ["run", "--console", console, "--broker", f"mqtt://127.0.0.1:{free_port()}"]
        words += ["--port", str(self.ports[port]), "--behind-tls"]
        words += ["--accounts", str(self.accounts(console))]
        command = [sys.executable, "-m", "dispatch", *words]
        return Part(console, command, log=self.folder / f"{console}.log")

    def add(self, console: str) -> Login:
        """Make an account."""
        words = ["users", "add", "ans", "--console", console]
        words += ["--accounts", str(self.accounts(console))]
        command = [sys.executable, "-m", "dispatch", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return Login(name="ans", password=done.stdout.split()[-1])


@pytest.fixture
async def front(tmp_path: Path, program: Callable[[str], Path]) -> AsyncIterator[Front]:
    """Everything but its start."""
    one = Front(tmp_path, program("nginx"))
    yield one
    for part in reversed(one.parts):
        await part.stop()


async def test_the_proxy_leads_each_port_to_its_own_console(front: Front) -> None:
    """An operator signs in over TLS at their own console, and the page's socket comes through."""
    logins = [front.add(console) for console in CONSOLES]
    for part in front.parts:
        await part.start()
    trust = ssl.create_default_context(cafile=front.folder / "ca" / "ca.crt")
    for login, port in zip(logins, (8443, 8444), strict=True):
        url = f"https://localhost:{front.ports[port]}"
        async with aiohttp.ClientSession(
            url, headers={"Origin": url}, connector=aiohttp.TCPConnector(ssl=trust)
        ) as browser:
            await sign_in(browser, login)
            async with browser.ws_connect("/ws") as page:
                assert "type" in await page.receive_json()
            async with browser.get("/healthz") as answer:
                assert "Strict-Transport-Security" in answer.headers
                assert "Content-Encoding" not in answer.headers
        other = logins[0] if login is logins[1] else logins[1]
        async with aiohttp.ClientSession(
            url, headers={"Origin": url}, connector=aiohttp.TCPConnector(ssl=trust)
        ) as browser:
            with pytest.raises(aiohttp.ClientResponseError, match="401"):
                await sign_in(browser, other)
    assert "" == (front.folder / "access.log").read_text(encoding="utf-8")


def test_the_runbook_puts_up_what_units_and_proxy_name() -> None:
    """Its page, its folders and its ports are those of the files that it tells to install."""
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    for unit in UNITS.glob("*.service"):
        (page,) = re.findall(r"(?m)^Documentation=file:(\S+)$", unit.read_text(encoding="utf-8"))
        assert re.search(rf"install -D -m 0644 docs/runbook.md {page}\b", text), unit.name
    conf = CONF.read_text(encoding="utf-8")
    ports = set(re.findall(r"AWARE_PORT=(\d+)", text))
    assert ports == set(re.findall(r"127\.0\.0\.1:(\d+);", conf))
    for file in re.findall(r"/etc/aware/front/\S+(?=;)", conf):
        assert file in text
    assert "deploy/nginx/aware-console.conf /etc/nginx/conf.d/" in text
