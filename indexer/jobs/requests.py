"""Whether what is asked for can be done at all, said before it is written down."""

from collections.abc import Collection, Mapping
from typing import Any

from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import JobKind, JobRequest
from indexer.jobs.windows import check_window
from indexer.settings import Settings

PARAMETERS: Mapping[JobKind, Collection[str]] = {
    JobKind.REINDEX: ("sources", "community", "items", "full"),
    JobKind.BACK_UP: ("folder",),
}


def check_request(request: JobRequest, settings: Settings) -> JobRequest:
    """The same request. JobInvalid where a parameter does not belong to its kind, or names a source that the settings
    do not have."""
    allowed = PARAMETERS.get(request.kind, ())
    unknown = sorted(request.parameters.keys() - set(allowed))
    if unknown:
        possible = ", ".join(allowed) or "none"
        raise JobInvalid(f"a job to {request.kind} takes no {', '.join(unknown)}; its parameters are: {possible}")
    if request.kind is JobKind.REINDEX:
        _check_reindex(request.parameters, settings)
    if request.window is not None:
        check_window(request.window)
    return request


def sources_of(parameters: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """The names of the sources that a reindex with these parameters looks at, in the order of the settings; last those
    that have left the settings since it was asked for."""
    names = named_sources(parameters)
    listed = tuple(source.name for source in settings.sources)
    if not names:
        return listed
    return (*(name for name in listed if name in names), *sorted(names - set(listed)))


def named_sources(parameters: Mapping[str, Any]) -> set[str]:
    """The sources that a reindex with these parameters names, itself or by its items; none where it means all."""
    return {*parameters.get("sources", ()), *(source for source, _ in parameters.get("items", ()))}


def deed_of(request: JobRequest) -> dict[str, Any]:
    """What the audit trail tells of a job. Items are only counted: their names may hold those of people."""
    told = {name: value for name, value in request.parameters.items() if name != "items"}
    items = {"items": len(request.parameters["items"])} if request.parameters.get("items") else {}
    return {"kind": request.kind.value, **told, **items}


def _check_reindex(parameters: Mapping[str, Any], settings: Settings) -> None:
    _check_types(parameters)
    listed = {source.name for source in settings.sources}
    if not listed:
        raise JobInvalid("the settings name no source: add one under `sources:` (config/example.yaml shows how)")
    missing = sorted(named_sources(parameters) - listed)
    if missing:
        raise JobInvalid(f"there is no source {', '.join(missing)}; the settings have {', '.join(sorted(listed))}")


def _check_types(parameters: Mapping[str, Any]) -> None:
    for name in ("sources", "items"):
        if not isinstance(parameters.get(name, []), list | tuple):
            raise JobInvalid(f"the parameter {name} of a reindex must be a list, not {parameters[name]!r}")
    if not all(isinstance(name, str) for name in parameters.get("sources", ())):
        raise JobInvalid("the parameter sources of a reindex must be a list of names")
    if not all(_is_pair(entry) for entry in parameters.get("items", ())):
        raise JobInvalid("the parameter items of a reindex must be a list of pairs of a source and the uri of an item")
    if not isinstance(parameters.get("full", False), bool):
        raise JobInvalid(f"the parameter full of a reindex must be true or false, not {parameters['full']!r}")
    if not isinstance(parameters.get("community", ""), str):
        raise JobInvalid(f"the parameter community of a reindex must be a slug, not {parameters['community']!r}")


def _is_pair(entry: object) -> bool:
    return isinstance(entry, list | tuple) and len(entry) == 2 and all(isinstance(part, str) for part in entry)
