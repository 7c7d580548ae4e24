"""The application: all wiring, nothing else."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from indexer.embedding import Encoder, open_cross_encoder
from indexer.home import Home
from indexer.jobs.queue import JobQueue, utc_now
from service import api, web
from service.auth import Provider
from service.dependencies import Guard, Parts
from service.description import complete
from service.error_handlers import Respond, add_error_handlers, error_responder
from service.gate import Gate
from service.http import Envelope, OwnAddress
from service.search import OpenIndex
from service.settings import ServiceSettings

VERSION = "0.1.0"


class Knowwho(FastAPI):
    """An application that nothing reaches but through the envelope, and no route but through the gate."""

    def __init__(self, own: OwnAddress, most_bytes: int, respond: Respond, **values: Any) -> None:
        super().__init__(**values)
        self._own = own
        self._most_bytes = most_bytes
        self._respond = respond
        self.router.middleware_stack = Gate(self.router.middleware_stack, self.router.routes)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        return Envelope(super().build_middleware_stack(), self._own, self._most_bytes, self._respond)


def create_app(
    settings: ServiceSettings,
    home: Home,
    encoder: Encoder,
    *,
    read_settings: Callable[[], ServiceSettings] | None = None,
    listens_on: str | None = None,
) -> FastAPI:
    """The service over a home. The model loads in the background; until then searches go by words alone.

    For administration, `read_settings` gives what the settings' file says now (else `settings` hold), and `listens_on`
    is the address that is listened on; without it, as in tests, the application answers to any name.
    """
    read_now = read_settings or (lambda: settings)
    queue = JobQueue(home, settings, utc_now, read_now)
    index = OpenIndex(
        home,
        encoder,
        open_cross_encoder(settings.search.cross_encoder, settings.encoder),
        settings.encoder,
        settings.index.vectors,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=index.load_model, name="load-model", daemon=True).start()
        threading.Thread(target=index.read_contributions, name="read-contributions", daemon=True).start()
        yield
        queue.close()
        home.close()

    respond = error_responder(web.show_error)
    app = Knowwho(
        own=OwnAddress(listens_on, settings.access.address),
        most_bytes=settings.serve.most_body_kilobytes * 1024,
        respond=respond,
        title="Knowwho",
        version=VERSION,
        description="Finds what communities of practice know, and who knows it.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.parts = Parts(
        home, index, settings, queue, read_now, listens_on or settings.serve.host, _providers(settings)
    )
    app.include_router(api.router, dependencies=[Depends(Guard(api.router.prefix))])
    app.include_router(web.router, dependencies=[Depends(Guard(""))])
    app.mount("/static", web.static_files(), name="static")
    add_error_handlers(app, respond)
    return app


def _providers(settings: ServiceSettings) -> dict[str, Provider]:
    return {provider.name: Provider(provider) for provider in settings.access.providers}
