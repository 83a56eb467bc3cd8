"""A console's page in a real Chromium, and the server behind it, for the tests of the pages."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from msgspec import structs
from playwright.async_api import Page, async_playwright

from alarm_protocol.messages import AlarmView, TrackAction
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.units import ConsoleId
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.server import make_app
from tests.helpers.accounts import OPERATOR, make_desk
from tests.integration.conftest import free_port
from tests.integration.console_wire import answered

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def row(alarm_id: str = "aware-000123.1") -> str:
    """Select the line of an alarm, in whichever table it stands."""
    return f"tr[data-alarm='{alarm_id}']"


def is_fault(text: str) -> bool:
    """Tell what the policy or Trusted Types blocked from a server that is simply away."""
    return "Content Security Policy" in text or "TrustedHTML" in text


@asynccontextmanager
async def browser_page(program: Callable[[str], Path]) -> AsyncIterator[Page]:
    """Open a page at the size of a small control-room screen; any error in it fails the test."""
    async with async_playwright() as playwright:
        chromium = program("chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 1280, "height": 720}, locale="nl-NL")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if is_fault(said.text) else None)
        yield page
        await browser.close()
        assert [] == faults


class Server:
    """A console on a port that it keeps over stops and starts."""

    def __init__(self, broker: str, console: ConsoleId = "police") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._settings = Settings(
            console=console, broker=parse_broker_url(broker), host="127.0.0.1", port=self.port
        )
        self.desk, self.book = make_desk(console)
        self._runner: web.AppRunner | None = None

    async def admit(self, page: Page, name: str = OPERATOR) -> None:
        """Let a page be somebody who signed in before."""
        account = self.book.find(name)
        assert account is not None
        token = self.desk.begin(account)
        cookie = {"name": self.desk.cookie, "value": token, "url": self.url, "sameSite": "Strict"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict there

    async def start(self) -> None:
        """Serve, with nothing remembered from before."""
        self._runner = web.AppRunner(make_app(Feed(self._settings), self.desk), shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """End the server; pages notice by themselves."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


@asynccontextmanager
async def serving(broker: str, console: ConsoleId = "police") -> AsyncIterator[Server]:
    """Serve a console; nobody is signed in on any page."""
    server = Server(broker, console)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def accepting(*views: AlarmView) -> Callable[[TrackAction], AlarmView]:
    """Answer every action by taking its alarm as accepted."""
    known = {view.alarm_id: view for view in views}

    def answer(action: TrackAction) -> AlarmView:
        view = known[action.alarm_id]
        done = answered(view, action, outcome="done")
        own = structs.replace(view.own_track, status="accepted", accepted_by=action.operator)
        return structs.replace(done, status="accepted", own_track=own)

    return answer
