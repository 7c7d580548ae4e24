"""The shapes of accounts as their owners see them."""

from datetime import datetime

from pydantic import Field

from indexer.domain.accounts import ApiToken, Scope, Session
from indexer.domain.people import Person
from service.api.shape import Shape
from service.auth import SignIn
from service.auth.tokens import LONGEST_LABEL

MOST_DAYS = 100_000


class PersonRef(Shape):
    id: str
    name: str


class AccountOut(Shape):
    """Who is signed in. `communities` and `steward_of` are slugs."""

    id: str
    name: str
    person: PersonRef | None = Field(description="The person that the account is tied to")
    admin: bool
    communities: list[str]
    steward_of: list[str]
    scopes: list[Scope] | None = Field(description="What the token may be used for; null in a browser")


class TokenIn(Shape):
    label: str = Field(min_length=1, max_length=LONGEST_LABEL, description="What it is for")
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int = Field(ge=1, le=MOST_DAYS, description="How long it lasts; the settings say how long at most")


class TokenOut(Shape):
    id: str
    label: str
    scopes: list[Scope]
    created: datetime
    expires: datetime
    used: datetime | None = Field(description="When it was last used, to within five minutes")


class NewTokenOut(TokenOut):
    secret: str = Field(description="Told this once; send it as Authorization: Bearer …")


class TokensOut(Shape):
    tokens: list[TokenOut]


class SessionOut(Shape):
    id: str
    created: datetime
    seen: datetime = Field(description="When it was last used, to within five minutes")
    expires: datetime
    agent: str = Field(description="What the browser calls itself")
    present: bool = Field(description="Whether it is the one that asks")


class SessionsOut(Shape):
    sessions: list[SessionOut]


def account_out(who: SignIn, person: Person | None) -> AccountOut:
    return AccountOut(
        id=who.account.id,
        name=who.account.name,
        person=PersonRef(id=person.id, name=person.name) if person else None,
        admin=who.viewer.admin,
        communities=sorted(who.viewer.communities),
        steward_of=sorted(who.viewer.stewards),
        scopes=None if who.viewer.scopes is None else sorted(who.viewer.scopes),
    )


def token_out(token: ApiToken) -> TokenOut:
    return TokenOut(
        id=token.id,
        label=token.label,
        scopes=sorted(token.scopes),
        created=token.created,
        expires=token.expires,
        used=token.used,
    )


def session_out(session: Session, present: str | None) -> SessionOut:
    return SessionOut(
        id=session.id,
        created=session.created,
        seen=session.seen,
        expires=session.expires,
        agent=session.agent,
        present=session.id == present,
    )
