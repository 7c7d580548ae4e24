"""Serving the application with uvicorn, in one process or in several that share one socket."""

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from indexer.domain.errors import SettingsInvalid, StorageFull, StorageReadOnly
from indexer.embedding import import_libraries, open_encoder
from indexer.home import Home
from service.app import create_app
from service.auth.accounts import may_nobody_administer
from service.auth.clients import is_this_machine
from service.auth.links import first_admin_secret
from service.memory import give_back_unused, share_one_pool
from service.processes import NO_COPIES, Crew, can_copy
from service.settings import ServiceSettings

WAITING_CONNECTIONS = 2048
CACHE_KILOBYTES = 4096  # of the database for each connection: the system keeps the file once, for all of them
MOST_PROCESSES = 4  # unless the settings say so: each takes memory of its own
MOST_HEAD_BYTES = 64 * 1024  # of the address and the headers: the longest question takes a third of that
NO_ADMIN = (
    "nobody may administer yet, so the service does not listen on {host}: start it once with `knowwho serve --host "
    "127.0.0.1` and open the link that it prints, or run `knowwho account add NAME --admin`; then start it as before"
)


class _Server(uvicorn.Server):
    """Takes one connection at a time, so that processes which share a socket share the visitors, too."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        give_back_unused()
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(WAITING_CONNECTIONS)  # uvicorn takes as many at once as it lets wait


def run_server(settings: ServiceSettings, host: str, port: int, read_settings: Callable[[], ServiceSettings]) -> None:
    """Serve until interrupted. SettingsInvalid where nothing can listen there, and where others than this machine
    could come while nobody may administer."""
    count = process_count(settings.serve.processes)
    share_one_pool()
    home = Home(settings.home, CACHE_KILOBYTES)
    home.prepare()
    with home.database.read() as transaction:
        nobody = may_nobody_administer(transaction)
    if nobody and not is_this_machine(host):
        raise SettingsInvalid(NO_ADMIN.format(host=host))
    settings = _with_threads(settings, count)
    # The threads of numpy's matrix products wait for each other busily: several answers at once are better off alone.
    threadpool_limits(max(_cores() // count, 1), "blas")
    app = create_app(settings, home, open_encoder(settings.encoder), read_settings=read_settings, listens_on=host)
    sockets = listen(host, port)
    for listening in sockets:
        print(f"Knowwho is at {_address(listening)}", flush=True)
    _offer_first_admin(home, _address(sockets[0]))
    server = _Server(uvicorn_config(app, settings.access.proxies))
    if count == 1:
        server.run(sockets)
        return
    home.close()
    import_libraries(settings.encoder)
    Crew(count, lambda: server.run(sockets)).run()


def process_count(wanted: int) -> int:
    """How many processes answer: as many as the settings say, by themselves one a core, up to four."""
    if wanted > 1 and not can_copy():
        raise SettingsInvalid(f"serve.processes: {NO_COPIES}")
    return wanted or (min(_cores(), MOST_PROCESSES) if can_copy() else 1)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_threads(settings: ServiceSettings, processes: int) -> ServiceSettings:
    """The settings with the cores shared among the processes, unless they say how many threads encode."""
    if processes == 1 or settings.encoder.threads:
        return settings
    threads = max(_cores() // processes, 1)
    return settings.model_copy(update={"encoder": settings.encoder.model_copy(update={"threads": threads})})


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets on all addresses of the host."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_listening(family, address) for family, address in places]
    except OSError as error:
        raise SettingsInvalid(f"cannot listen on {host}, port {port}: {error.strerror}") from error


def _listening(family: int, address: Any) -> socket.socket:
    listening = socket.create_server(address, family=family, backlog=WAITING_CONNECTIONS)
    # Or the second packet of an answer waits 40 ms for the word that the first has come: asyncio sets this only for
    # sockets that it has made itself.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


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


def uvicorn_config(app: FastAPI, proxies: Sequence[str]) -> uvicorn.Config:
    """Nobody's word on whom a request comes from is believed but that of the `proxies`."""
    return uvicorn.Config(
        app,
        backlog=1,
        http="h11",
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        log_level="warning",
        access_log=False,
    )
