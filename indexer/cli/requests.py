"""The options that say what a job is to do."""

from typing import Annotated, Any

import typer

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import JobKind, JobRequest, Window
from indexer.jobs.windows import parse_window

KIND_NAMES = {kind.value.replace(" ", "-"): kind for kind in JobKind}

OfKind = Annotated[str, typer.Argument(metavar="KIND", help=f"What to do: {', '.join(KIND_NAMES)}.")]
OfCommunity = Annotated[str | None, typer.Option("--community", "-c", help="Reindex only this community (slug).")]
OfItem = Annotated[
    list[str] | None, typer.Option("--item", "-i", help="Reindex only this item, like SOURCE/URI; may be repeated.")
]
Full = Annotated[bool, typer.Option("--full", help="Read every item again, changed or not.")]
InWindow = Annotated[
    str | None,
    typer.Option(
        "--window", help="Run only in these hours, like '22:00-06:00 Europe/Berlin' (UTC where none is named)."
    ),
]


def request_of(
    kind: str,
    *,
    sources: list[str] | None = None,
    community: str | None = None,
    items: list[str] | None = None,
    full: bool = False,
    window: str | None = None,
) -> JobRequest:
    """What the options ask for. JobInvalid, naming the option that cannot be."""
    if kind not in KIND_NAMES:
        raise JobInvalid(f"there is no job {kind}; possible are {', '.join(KIND_NAMES)}")
    told: dict[str, Any] = {
        "sources": sources,
        "community": community,
        "items": [_item(entry) for entry in items or ()],
        "full": full,
    }
    parameters = {name: value for name, value in told.items() if value}
    return JobRequest(KIND_NAMES[kind], parameters, window=_window(window) if window else None)


def _window(text: str) -> Window:
    hours, _, zone = text.strip().partition(" ")
    return parse_window(hours, zone.strip() or "UTC")


def _item(text: str) -> list[str]:
    source, joint, uri = text.partition("/")
    if not joint or not source or not uri:
        raise JobInvalid(f"{text} names no item: write its source and its uri, like library/brakes/pads.md")
    return [source, uri]
