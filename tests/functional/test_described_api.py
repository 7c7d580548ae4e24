"""The API against its own description: requests made from it, good and bad, sent by everybody who may come.

KNOWWHO_DESCRIBED_EXAMPLES sets how many of each sort an operation gets (`scripts/bench described` sends many more).
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.functional.roles import BROWSERS, Door

EXAMPLES = int(os.environ.get("KNOWWHO_DESCRIBED_EXAMPLES", "2"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("described"))
    yield made
    made.close()


def faults_of(operation: APIOperation, mode: GenerationMode, role: str, door: Door) -> list[str]:
    """What the description does not say of the answers to requests that are made for an operation. Whoever comes signs
    in anew for each operation: some end that."""
    headers = dict(BROWSERS[role](door)) if role in BROWSERS else {}
    faults: list[str] = []

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def answer(case: Case) -> None:
        response: Any = case.call(headers=headers)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as fault:
            faults.append(f"{operation.label} ({mode.value}): {fault}: {fault.exceptions}")

    answer()
    return faults


def test_each_operation_says_who_may_use_it(door: Door) -> None:
    described = door.app.openapi()
    ways = {
        operation["operationId"]: [set(way) for way in operation["security"]]
        for operations in described["paths"].values()
        for operation in operations.values()
    }
    assert set(described["components"]["securitySchemes"]) == {"session", "token"}
    assert ways["search"] == [set(), {"session"}, {"token"}]
    assert ways["start_job"] == [{"session"}, {"token"}]
    assert all(ways.values())


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ["nobody", "reader", "steward", "admin"])
def test_every_answer_is_as_described(door: Door, role: str) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", door.app)
    faults: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            with suppress(Unsatisfiable):  # of some there is nothing that would be wrong
                faults += faults_of(operation, mode, role, door)
    assert not faults, "\n\n".join(faults)
