"""Serving the application with uvicorn."""

import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI

from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.settings import ServiceSettings

MOST_HEAD_BYTES = 64 * 1024  # of the address and the headers: the longest question takes a third of that


class _Server(uvicorn.Server):
    """Says the address once it really listens, also where the system chose the port."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                print(f"Knowwho is at http://{host}:{port}/", flush=True)


def run_server(settings: ServiceSettings, host: str, port: int, read_settings: Callable[[], ServiceSettings]) -> None:
    """Serve until interrupted. Exits with 1 and a message where the port is taken."""
    home = Home(settings.home)
    home.prepare()
    encoder = open_encoder(settings.encoder)
    app = create_app(settings, home, encoder, read_settings=read_settings, listens_on=host)
    _Server(_config(app, host, port, settings.access.proxies)).run()


def _config(app: FastAPI, host: str, port: int, proxies: Sequence[str]) -> uvicorn.Config:
    """Nobody's word on whom a request comes from is believed but that of the `proxies`."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        log_level="warning",
        access_log=False,
    )
