"""A console's web application, with a real feed that finds no broker."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from alarm_protocol.runtime.broker_url import BrokerUrl
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.server import make_app

NOBODY = BrokerUrl("127.0.0.1", 9, tls=False)
"""The discard port: nothing listens there."""

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def feed() -> Feed:
    """Give a feed of the police's console."""
    return Feed(Settings(console="police", broker=NOBODY, host="127.0.0.1", port=0))


@pytest.fixture
async def client(feed: Feed) -> AsyncIterator[Client]:
    """Serve that feed and give a client of it."""
    async with TestClient(TestServer(make_app(feed))) as client:
        yield client
