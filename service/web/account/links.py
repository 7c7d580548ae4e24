"""GET and POST /first-admin/{secret} and /choose-password/{secret}: links that work once."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from indexer.domain.errors import AccountInvalid, Conflict
from service.auth.links import account_of_link, choose_password, expect_first_admin_link, make_first_admin
from service.auth.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from service.web.account.page import AccountForm, AccountPage, UsesAccountForm, UsesAccountPage

router = APIRouter()

LENGTHS = {"shortest": SHORTEST_PASSWORD, "longest": LONGEST_PASSWORD}
NOT_THE_SAME = "the two passwords are not the same: type it twice"


@router.get("/first-admin/{secret}")
def show_first_admin(page: UsesAccountPage, secret: str) -> Response:
    """The form with which the first admin chooses a name and a password."""
    expect_first_admin_link(page.parts.home, secret)
    return _show_first_admin(page)


@router.post("/first-admin/{secret}")
def take_first_admin(form: UsesAccountForm, secret: str) -> Response:
    """Make the first admin, signed in."""
    expect_first_admin_link(form.parts.home, secret)
    name = form.get("name")
    try:
        password = typed_twice(form)
        session = make_first_admin(form.parts.home, secret, name, password, form.browser, form.settings)
    except AccountInvalid as error:
        return _show_first_admin(form, HTTPStatus.UNPROCESSABLE_ENTITY, name, str(error))
    except Conflict as error:
        return _show_first_admin(form, HTTPStatus.CONFLICT, name, str(error))
    return form.go_in(session, "/admin")


@router.get("/choose-password/{secret}")
def show_choice(page: UsesAccountPage, secret: str) -> Response:
    """The form with which somebody chooses the password of their account."""
    return _show_choice(page, secret)


@router.post("/choose-password/{secret}")
def take_choice(form: UsesAccountForm, secret: str) -> Response:
    """Set the password, and sign in."""
    try:
        session = choose_password(form.parts.home, secret, typed_twice(form), form.browser, form.settings)
    except AccountInvalid as error:
        return _show_choice(form, secret, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    return form.go_in(session, "/account")


def typed_twice(form: AccountForm) -> str:
    """The new password in a form. AccountInvalid where the second time it was typed otherwise."""
    if form.get("password") != form.get("again"):
        raise AccountInvalid(NOT_THE_SAME)
    return form.get("password")


def _show_first_admin(
    page: AccountPage, status: int = HTTPStatus.OK, name: str = "", told: str | None = None
) -> Response:
    return page.show("first_admin.html", status, name=name, told=told, **LENGTHS)


def _show_choice(page: AccountPage, secret: str, status: int = HTTPStatus.OK, told: str | None = None) -> Response:
    account = account_of_link(page.parts.home, secret)
    return page.show("choose_password.html", status, account=account, told=told, **LENGTHS)
