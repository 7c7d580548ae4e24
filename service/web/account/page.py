"""What the pages of accounts get: who is signed in, the form that they answer, and a way to show themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from service.auth import SignIn, why_foreign
from service.auth.sign_in import Browser
from service.browsers import browser_of, keep_session
from service.dependencies import MaybeSignedIn, Parts, UsesParts, approach_of, signed_in
from service.search import new_voter
from service.settings import AccessSettings
from service.web.forms import expect_own_form, known_visitor, read_fields, remember_visitor, token_for
from service.web.rendering import render

MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One request for a page of accounts; `maybe` is whoever is signed in."""

    parts: Parts
    request: Request
    maybe: SignIn | None

    @property
    def who(self) -> SignIn:
        """Who is signed in, on pages for which the matrix asks for that."""
        return signed_in(self.maybe)

    @property
    def settings(self) -> AccessSettings:
        return self.parts.settings.access

    @property
    def browser(self) -> Browser:
        return browser_of(self.request)

    def show(self, template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        """The page that a template below account/ makes of the values, with the token that its forms send back."""
        visitor = known_visitor(self.request) or new_voter()
        page = render(f"account/{template}", status, token=token_for(self.parts, visitor), **values)
        remember_visitor(page, self.request, visitor)
        page.headers["Cache-Control"] = "no-store"  # such a page may hold a secret, and is nothing to go back to
        return page

    def go_in(self, secret: str, path: str) -> Response:
        """Show another page, signed in with this secret."""
        response = go_to(path)
        keep_session(response, self.request, secret, self.settings)
        return response


@dataclass(frozen=True, slots=True)
class AccountForm(AccountPage):
    """A form that was sent from one of our own pages."""

    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


def account_page(parts: UsesParts, request: Request, maybe: MaybeSignedIn) -> AccountPage:
    return AccountPage(parts, request, maybe)


async def posted_fields(request: Request) -> dict[str, str]:
    return await read_fields(request, MOST_BYTES)


def account_form(
    parts: UsesParts,
    request: Request,
    maybe: MaybeSignedIn,
    fields: Annotated[dict[str, str], Depends(posted_fields)],
) -> AccountForm:
    """What was sent; 403 where it comes from elsewhere, also to whoever is not signed in: a stranger's page must not
    sign them in to an account of its own."""
    foreign = why_foreign(approach_of(request))
    if foreign is not None:
        raise HTTPException(HTTPStatus.FORBIDDEN, foreign)
    expect_own_form(parts, request, fields)
    return AccountForm(parts, request, maybe, fields)


def go_to(path: str) -> Response:
    """Show another page after a form, so that loading it again sends nothing twice."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


UsesAccountPage = Annotated[AccountPage, Depends(account_page)]
UsesAccountForm = Annotated[AccountForm, Depends(account_form)]
