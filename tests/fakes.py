"""Small real homes for tests: settings written to a file, sources on disk, the hashing encoder."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from indexer.domain.accounts import Account
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import ReindexResult, reindex
from indexer.settings import load_settings
from indexer.store import accounts
from service.auth import new_id, open_session
from service.settings import ServiceSettings


def write_settings(folder: Path, sources: Sequence[Mapping[str, Any]], **values: Any) -> Path:
    """A settings file in `folder` for a home beside it; `values` are further sections."""
    file = folder / "knowwho.yaml"
    told = {"home": str(folder / "home"), "encoder": {"model": "hashing"}, "sources": [dict(s) for s in sources]}
    file.write_text(yaml.safe_dump({**told, **values}))
    return file


def settings_for(folder: Path, sources: Sequence[Mapping[str, Any]], **values: Any) -> ServiceSettings:
    return load_settings(ServiceSettings, write_settings(folder, sources, **values))


def index_home(settings: ServiceSettings, *, full: bool = False) -> ReindexResult:
    """Index everything, as `knowwho index` does."""
    home = Home(settings.home)
    try:
        return reindex(home, HashingEncoder(), settings, settings.sources, full=full)
    finally:
        home.close()


def add_signed_in(
    home: Home, settings: ServiceSettings, name: str = "admin", *, person: str | None = None, admin: bool = True
) -> str:
    """Add an account that is signed in to a browser; gives the value of its session cookie."""
    now = datetime.now(UTC)
    account = Account(new_id(), name, person, admin, disabled=False, has_password=False, created=now)
    with home.database.begin() as transaction:
        accounts.add_account(transaction, account, None)
        _, secret = open_session(transaction, account.id, "a test", now, settings.access)
    return secret


def write_thread(thread_id: str, title: str, *messages: tuple[str, str], **values: Any) -> str:
    """A line of the threads format; a message is (handle, text), a day after the one before it."""
    told = [
        {"number": number, "author": handle, "at": f"2025-03-{number:02}T10:00:00Z", "text": text}
        for number, (handle, text) in enumerate(messages, 1)
    ]
    return json.dumps({"id": thread_id, "title": title, "messages": told, **values}) + "\n"
