"""The application: all wiring, nothing else."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from indexer.embedding import Encoder, open_cross_encoder
from indexer.home import Home
from service import api, web
from service.dependencies import Parts
from service.error_handlers import add_error_handlers
from service.search import OpenIndex
from service.settings import ServiceSettings

VERSION = "0.1.0"


def create_app(settings: ServiceSettings, home: Home, encoder: Encoder) -> FastAPI:
    """The service over a home. The model loads in the background; until then searches go by words alone."""
    index = OpenIndex(home, encoder, open_cross_encoder(settings.search.cross_encoder, settings.encoder))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=index.load_model, name="load-model", daemon=True).start()
        yield
        home.close()

    app = FastAPI(
        title="Knowwho",
        version=VERSION,
        description="Finds what communities of practice know, and who knows it.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.parts = Parts(home, index, settings)
    app.include_router(api.router)
    app.include_router(web.router)
    app.mount("/static", web.static_files(), name="static")
    add_error_handlers(app, web.show_error)
    return app
