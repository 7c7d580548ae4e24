"""What the description of the API says of every operation alike: who may use it, and how it says no."""

from http import HTTPStatus
from typing import Any

from service.auth import Need, Rule, rule_for
from service.browsers import SESSION_COOKIE

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ANYWHERE = {
    HTTPStatus.BAD_REQUEST: "What was sent is no text at all",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the token is no good",
    HTTPStatus.FORBIDDEN: "Whoever is signed in may not do this; it says why",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than the settings allow",
    HTTPStatus.MISDIRECTED_REQUEST: "The service is not called what the header Host says",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something in the request cannot be understood",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible now, as where nothing has been indexed yet; it says why",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk is full",
}
TOKEN, SESSION = "token", "session"
SCHEMES = {
    TOKEN: {"type": "http", "scheme": "bearer", "description": "A token that an account has made, for some scopes"},
    SESSION: {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A browser that is signed in"},
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The description with what goes for every operation: security by the matrix, and problems as what they are."""
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["security"] = _security(rule_for(method.upper(), path))
            operation["responses"] = _with_problems(operation["responses"])
    return document


def _security(rule: Rule | None) -> list[dict[str, list[str]]]:
    """One of these is enough; an empty one is nobody at all."""
    if rule is None:
        return []
    ways: list[dict[str, list[str]]] = [{SESSION: []}]
    if rule.scope is not None:
        ways.append({TOKEN: []})
    return [{}, *ways] if rule.need in (Need.OPEN, Need.READER) else ways


def _with_problems(responses: dict[str, Any]) -> dict[str, Any]:
    said = {str(int(status)): {"description": told} for status, told in ANYWHERE.items()}
    told = {**said, **responses}
    return {
        status: {**response, "content": PROBLEM} if int(status) >= HTTPStatus.BAD_REQUEST else response
        for status, response in sorted(told.items())
    }
