"""Leads a client on loopback that always asks events.pagerduty.com by TLS: a proxy, and PagerDuty's own port."""

import asyncio
import ssl
import threading

PAGERDUTY = "events.pagerduty.com:443"


class Door:
    """Two loopback ports that lead to `target` ("HOST:PORT"): `proxy`, which lets nobody else through, and `server` with TLS."""

    def __init__(self, target: str, certificate: str, key: str) -> None:
        self.target, self.strangers = target.split(":"), []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        self.proxy = self._listen(loop, self._guard)
        self.server = self._listen(loop, self._lead, ssl=self.tls)

    def _listen(self, loop, accept, **options) -> str:
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(accept, "127.0.0.1", 0, **options), loop).result(5)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _guard(self, reader, writer) -> None:
        method, asked, *_ = (await reader.readuntil(b"\r\n\r\n")).decode().split()
        if (method, asked) != ("CONNECT", PAGERDUTY):
            self.strangers.append(asked)
            writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            return writer.close()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.start_tls(self.tls)
        await self._lead(reader, writer)

    async def _lead(self, reader, writer) -> None:
        behind, ahead = await asyncio.open_connection(*self.target)
        await asyncio.gather(_pass_on(reader, ahead), _pass_on(behind, writer))


async def _pass_on(reader, writer) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass  # a client that hangs up
    writer.close()
