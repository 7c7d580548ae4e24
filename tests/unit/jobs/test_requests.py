from pathlib import Path
from typing import Any

import pytest

from indexer.cli.requests import request_of
from indexer.domain.errors import JobInvalid
from indexer.domain.jobs import JobKind, JobRequest
from indexer.jobs.requests import check_request, sources_of
from service.settings import ServiceSettings
from tests.fakes import settings_for


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return settings_for(
        tmp_path, [{"name": name, "kind": "folder", "path": str(tmp_path)} for name in ("library", "methods")]
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        (JobKind.REINDEX, {"sources": ["lib"]}, "there is no source lib; the settings have library, methods"),
        (JobKind.REINDEX, {"items": [["lib", "a.md"]]}, "there is no source lib"),
        (JobKind.REINDEX, {"items": ["library"]}, "pairs of a source and the uri"),
        (JobKind.REINDEX, {"sources": "library"}, "must be a list"),
        (JobKind.REINDEX, {"sources": [1]}, "a list of names"),
        (JobKind.REINDEX, {"full": "yes"}, "must be true or false, not 'yes'"),
        (JobKind.REINDEX, {"community": 3}, "must be a slug"),
        (JobKind.REINDEX, {"folder": "x"}, "takes no folder; its parameters are: sources, community, items, full"),
        (JobKind.VERIFY, {"full": True}, "takes no full; its parameters are: none"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_with_what_could(
    settings: ServiceSettings, kind: JobKind, parameters: dict[str, Any], told: str
) -> None:
    with pytest.raises(JobInvalid, match=told):
        check_request(JobRequest(kind, parameters), settings)


def test_a_reindex_looks_at_what_it_names_and_at_everything_where_it_names_nothing(settings: ServiceSettings) -> None:
    assert sources_of({}, settings) == ("library", "methods")
    assert sources_of({"sources": ["methods"]}, settings) == ("methods",)
    assert sources_of({"sources": ["methods"], "items": [["library", "a.md"]]}, settings) == ("library", "methods")


def test_options_become_a_request() -> None:
    asked = request_of("reindex", items=["library/a/b.md"], full=True, window="22:00-06:00 Europe/Berlin")
    assert asked.parameters == {"items": [["library", "a/b.md"]], "full": True}
    assert asked.window is not None
    assert asked.window.zone == "Europe/Berlin"
    assert request_of("back-up") == JobRequest(JobKind.BACK_UP)


@pytest.mark.parametrize(
    ("kind", "item", "told"),
    [("index", None, "possible are reindex, rebuild"), ("reindex", "pads.md", "pads.md names no item")],
)
def test_options_that_make_no_sense_are_refused(kind: str, item: str | None, told: str) -> None:
    with pytest.raises(JobInvalid, match=told):
        request_of(kind, items=[item] if item else None)
