"""Serving the application with uvicorn."""

import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI

from indexer.domain.errors import SettingsInvalid, StorageFull, StorageReadOnly
from indexer.embedding import open_encoder
from indexer.home import Home
from service.app import create_app
from service.auth.accounts import may_nobody_administer
from service.auth.clients import is_this_machine
from service.auth.links import first_admin_secret
from service.settings import ServiceSettings

MOST_HEAD_BYTES = 64 * 1024  # of the address and the headers: the longest question takes a third of that
NO_ADMIN = (
    "nobody may administer yet, so the service does not listen on {host}: start it once with `knowwho serve --host "
    "127.0.0.1` and open the link that it prints, or run `knowwho account add NAME --admin`; then start it as before"
)


class _Server(uvicorn.Server):
    """Says the address once it really listens, also where the system chose the port, and then what else is to be told
    about it."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
                print(f"Knowwho is at {address}", flush=True)
                self._tell(address)


def run_server(settings: ServiceSettings, host: str, port: int, read_settings: Callable[[], ServiceSettings]) -> None:
    """Serve until interrupted. Exits with 1 and a message where the port is taken; SettingsInvalid where others than
    this machine could come while nobody may administer."""
    home = Home(settings.home)
    home.prepare()
    with home.database.read() as transaction:
        nobody = may_nobody_administer(transaction)
    if nobody and not is_this_machine(host):
        raise SettingsInvalid(NO_ADMIN.format(host=host))
    encoder = open_encoder(settings.encoder)
    app = create_app(settings, home, encoder, read_settings=read_settings, listens_on=host)
    told = uvicorn_config(app, host, port, settings.access.proxies)
    _Server(told, lambda address: _offer_first_admin(home, address)).run()


def _offer_first_admin(home: Home, address: str) -> None:
    """Print the link for the first admin where there is none. It is printed this once, and kept nowhere."""
    try:
        secret = first_admin_secret(home)
    except (StorageFull, StorageReadOnly) as error:
        print(f"Nobody may administer yet, and no link for that can be made: {error}", flush=True)
        return
    if secret:
        told = f"Nobody may administer yet. Choose a name and a password here: {address}first-admin/{secret}"
        print(told, flush=True)


def uvicorn_config(app: FastAPI, host: str, port: int, proxies: Sequence[str]) -> uvicorn.Config:
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
