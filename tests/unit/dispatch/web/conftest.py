"""A console's web application, with a real feed that finds no broker."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from alarm_protocol.runtime.broker_url import BrokerUrl
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.desk import Desk
from dispatch.web.server import make_app
from tests.helpers.accounts import MemoryBook, make_desk, signed_in

NOBODY = BrokerUrl("127.0.0.1", 9, tls=False)
"""The discard port: nothing listens there."""

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def feed() -> Feed:
    """Give a feed of the police's console."""
    return Feed(Settings(console="police", broker=NOBODY, host="127.0.0.1", port=0))


@pytest.fixture
async def office() -> tuple[Desk, MemoryBook]:
    """Give the desk where people sign in, and its accounts."""
    return make_desk()


@pytest.fixture
async def client(feed: Feed, office: tuple[Desk, MemoryBook]) -> AsyncIterator[Client]:
    """Serve that feed and give a client of it, on which an operator is signed in."""
    desk, book = office
    async with TestClient(TestServer(make_app(feed, desk))) as client:
        client.session.headers.update(signed_in(desk, book, str(client.make_url("/"))))
        yield client
