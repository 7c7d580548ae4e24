"""What endpoints get from the application: its parts, and who is asking."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from indexer.home import Home
from indexer.store import Transaction
from service.auth import ANONYMOUS, ReadableAudiences, Viewer, readable_audiences
from service.search import OpenIndex
from service.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of, put together once at start."""

    home: Home
    index: OpenIndex
    settings: ServiceSettings


@dataclass(frozen=True, slots=True)
class Reading:
    """A view of the database for one request, with what its viewer may read."""

    transaction: Transaction
    readable: ReadableAudiences


def application_parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


def current_viewer() -> Viewer:
    """Who is asking. There are no accounts yet, so everybody is anonymous and reads what is public."""
    return ANONYMOUS


def current_reading(
    parts: Annotated[Parts, Depends(application_parts)], viewer: Annotated[Viewer, Depends(current_viewer)]
) -> Iterator[Reading]:
    with parts.home.database.read() as transaction:
        yield Reading(transaction, readable_audiences(transaction, viewer))


UsesParts = Annotated[Parts, Depends(application_parts)]
UsesViewer = Annotated[Viewer, Depends(current_viewer)]
UsesReading = Annotated[Reading, Depends(current_reading)]
