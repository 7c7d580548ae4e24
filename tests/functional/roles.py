"""Everybody who may come to the door, and one small home to come to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI

from indexer.domain.accounts import ApiToken, Scope
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.store import accounts
from service.app import create_app
from service.auth import TOKEN_PREFIX, digest_of, new_id, new_secret
from service.browsers import SESSION_COOKIE
from service.settings import ServiceSettings
from tests.fakes import add_signed_in, index_home, settings_for, write_thread

DIRECTORY = """
people:
  - {id: rui, name: Rui Sol, handles: {chat: rui}}
  - {id: stella, name: Stella Ek, handles: {chat: stella}}
communities:
  - {slug: roof, name: Roof, stewards: [stella]}
  - {slug: closed, name: Closed, visibility: members}
"""

Headers = Mapping[str, str]


class Door:
    """An indexed home with the headers of whoever comes; `app` lets everybody read, `closed_app` asks to sign in."""

    def __init__(self, folder: Path) -> None:
        (folder / "directory.yaml").write_text(DIRECTORY)
        (folder / "chat.jsonl").write_text(
            write_thread("a", "Strips", ("rui", "Carbon strips wear?"), ("stella", "Check the horn."), community="roof")
            + write_thread("b", "Hush", ("stella", "Carbon strips, hush."), audience="members", community="closed")
        )
        sources = [
            {"name": "directory", "kind": "directory", "path": "directory.yaml"},
            {"name": "chat", "kind": "threads", "path": "chat.jsonl"},
        ]
        self.settings = settings_for(folder, sources)
        index_home(self.settings)
        self.home = Home(self.settings.home)
        self.app = self._open(self.settings)
        shut = self.settings.access.model_copy(update={"anonymous": False})
        self.closed_app = self._open(self.settings.model_copy(update={"access": shut}))

    def _open(self, settings: ServiceSettings) -> FastAPI:
        app = create_app(settings, self.home, HashingEncoder())
        app.state.parts.index.load_model()
        return app

    def session(self, *, person: str | None = None, admin: bool = False, disabled: bool = False) -> Headers:
        """A browser in which somebody new is signed in."""
        name = new_id().lower()
        secret = add_signed_in(self.home, self.settings, name, person=person, admin=admin)
        if disabled:
            with self.home.database.begin() as transaction:
                account = accounts.find_by_name(transaction, name)
                assert account is not None
                accounts.change_account(transaction, account.id, disabled=True)
        return {"cookie": f"{SESSION_COOKIE}={secret}", "content-type": "application/json"}

    def token(self, *scopes: Scope, days: int = 1) -> Headers:
        """A program that acts for an admin, with a token for these scopes."""
        name, secret, now = new_id().lower(), TOKEN_PREFIX + new_secret(), datetime.now(UTC)
        add_signed_in(self.home, self.settings, name)
        with self.home.database.begin() as transaction:
            account = accounts.find_by_name(transaction, name)
            assert account is not None
            token = ApiToken(new_id(), account.id, "a test", frozenset(scopes), now, now + timedelta(days=1), None)
            expired = replace(token, expires=now + timedelta(days=days))
            accounts.add_token(transaction, expired, digest_of(secret))
        return {"authorization": f"Bearer {secret}", "content-type": "application/json"}

    def close(self) -> None:
        for app in (self.app, self.closed_app):
            app.state.parts.queue.close()
        self.home.close()


Comer = Callable[[Door], Headers]

BROWSERS: Mapping[str, Comer] = {
    "reader": lambda door: door.session(),
    "member": lambda door: door.session(person="rui"),
    "steward": lambda door: door.session(person="stella"),
    "admin": lambda door: door.session(admin=True),
}
