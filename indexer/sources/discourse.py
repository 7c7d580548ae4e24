"""A Discourse site over HTTP, as gently as it asks."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable, ItemGone, SourceUnavailable

TRIES = 5
LONGEST_WAIT_SECONDS = 60.0


class DiscourseSite:
    """GET requests to one site's API, waiting and trying again when it asks for that."""

    def __init__(self, address: str, api_key: str | None, api_user: str | None) -> None:
        self._address = address.rstrip("/")
        self._key = {"Api-Key": api_key, "Api-Username": api_user or "system"} if api_key else {}
        self._client = httpx.Client(
            headers={"Accept": "application/json"},
            timeout=30,
            follow_redirects=True,
            event_hooks={"request": [self._sign]},
        )

    def get(self, path: str, query: Mapping[str, str | list[str]] | None = None) -> dict[str, Any]:
        """The JSON at a path. SourceUnavailable where the site cannot or will not answer; DocumentUnreadable where
        this one page is gone or kept from us."""
        response = self._response(path, query)
        if response.status_code in (404, 410) and path.startswith("/t/"):
            raise ItemGone(f"The forum answered {response.status_code} for this topic")
        if response.status_code == 403 and path.startswith("/t/"):
            raise DocumentUnreadable(ItemState.FAILED, f"The forum answered {response.status_code} for this topic")
        if response.is_error:
            raise SourceUnavailable(f"{self._address}{path} answered {response.status_code}: check address and api_key")
        try:
            page = response.json()
        except ValueError as error:
            raise SourceUnavailable(
                f"{self._address}{path} did not answer with JSON: is it a Discourse site?"
            ) from error
        return page if isinstance(page, dict) else {}

    def close(self) -> None:
        self._client.close()

    def _sign(self, request: httpx.Request) -> None:
        """The key goes to the site it was given for, not to where that site may send us."""
        for name, value in self._key.items():
            request.headers.pop(name, None)
            if request.url.host == httpx.URL(self._address).host:
                request.headers[name] = value

    def _response(self, path: str, query: Mapping[str, str | list[str]] | None) -> httpx.Response:
        for attempt in range(1, TRIES + 1):
            try:
                response = self._client.get(self._address + path, params=query)
            except httpx.HTTPError as error:
                if attempt == TRIES:
                    raise SourceUnavailable(f"{self._address} cannot be reached: {error}") from error
                time.sleep(min(2.0**attempt / 4, LONGEST_WAIT_SECONDS))
                continue
            if response.status_code not in (429, 502, 503) or attempt == TRIES:
                return response
            time.sleep(_wait_seconds(response, attempt))
        raise AssertionError("the loop returns or raises on its last turn")


def _wait_seconds(response: httpx.Response, attempt: int) -> float:
    asked = response.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdecimal() else 2.0**attempt / 4
    return min(seconds, LONGEST_WAIT_SECONDS)
