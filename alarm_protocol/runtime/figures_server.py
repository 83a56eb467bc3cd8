"""A small web server beside a program, for those who watch over it."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler


@contextlib.asynccontextmanager
async def serving(
    routes: Mapping[str, Handler], host: str, port: int, fault: type[Exception]
) -> AsyncIterator[int]:
    """Answer on this address for the length of a `with` block; gives the port that it got.

    Args:
        routes: What answers where, to GET.
        host: Address of this machine.
        port: Port; 0 lets the system choose.
        fault: What to raise, with one line for a person, where the address cannot be had.
    """
    app = web.Application(client_max_size=1_024)
    for path, handler in routes.items():
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=30.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise fault(
                f"cannot listen on {host} port {port} for metrics ({error.strerror}); "
                "choose a free --metrics-port and a --metrics-host of this machine"
            ) from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
