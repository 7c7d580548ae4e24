"""Serving the application with uvicorn."""

import socket
from collections.abc import Callable

import uvicorn

from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.settings import ServiceSettings


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
    _Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False)).run()
