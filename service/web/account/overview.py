"""GET /account, POST /account/password, POST /account/sessions/{id}/end."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from indexer.domain.errors import AccountInvalid, LockedOut, SignInRefused
from indexer.store import accounts, people
from service.auth import readable_audiences
from service.auth.sign_in import change_password, end_session
from service.auth.tokens import grantable_scopes
from service.web.account.links import LENGTHS, typed_twice
from service.web.account.page import AccountPage, UsesAccountForm, UsesAccountPage, go_to

router = APIRouter(prefix="/account")

WRONG_PASSWORD = "that is not your present password"


@router.get("")
def show(page: UsesAccountPage) -> Response:
    """Who one is here, where one is signed in, and which programs act in one's name."""
    return show_account(page)


@router.post("/password")
def take_password(form: UsesAccountForm) -> Response:
    """Change the password; every other browser is signed out."""
    try:
        chosen = typed_twice(form)
        change_password(form.parts.home, form.who, form.get("present"), chosen, form.browser.client, form.settings)
    except AccountInvalid as error:
        return show_account(form, HTTPStatus.UNPROCESSABLE_ENTITY, about_password=str(error))
    except SignInRefused:
        return show_account(form, HTTPStatus.FORBIDDEN, about_password=WRONG_PASSWORD)
    except LockedOut as error:
        page = show_account(form, HTTPStatus.TOO_MANY_REQUESTS, about_password=str(error))
        page.headers["Retry-After"] = str(error.seconds)
        return page
    return go_to("/account?changed=password#password")


@router.post("/sessions/{session}/end")
def end(form: UsesAccountForm, session: str) -> Response:
    """Sign out in one browser."""
    end_session(form.parts.home, form.who, session)
    return go_to("/account#sessions")


def show_account(
    page: AccountPage,
    status: int = HTTPStatus.OK,
    *,
    about_password: str | None = None,
    about_tokens: str | None = None,
) -> Response:
    who = page.who
    with page.parts.home.database.read() as transaction:
        sessions = accounts.sessions_of(transaction, who.account.id)
        tokens = accounts.tokens_of(transaction, who.account.id)
        readable, own = readable_audiences(transaction, who.viewer), who.viewer.person
        person = people.shown_person(transaction, own, readable.ids) if own else None
    fields = getattr(page, "fields", {})
    return page.show(
        "account.html",
        status,
        who=who,
        person=person,
        sessions=sessions,
        tokens=tokens,
        scopes=grantable_scopes(who.viewer),
        fields=fields,
        token_days=page.settings.token_days,
        about_password=about_password,
        wrong_present=about_password == WRONG_PASSWORD,
        about_tokens=about_tokens,
        changed=page.request.query_params.get("changed") == "password",
        **LENGTHS,
    )
