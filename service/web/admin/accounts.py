"""GET and POST /admin/accounts, GET /admin/accounts/{id}, and POST of what can be done to an account."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from indexer.domain.errors import AccountInvalid, Conflict, NotFound
from service.admin import accounts
from service.admin.accounts import AccountChange
from service.browsers import password_link
from service.web.admin.page import AdminForm, AdminPage, UsesForm, UsesPage, go_to

router = APIRouter(prefix="/admin/accounts")


@router.get("")
def show_all(page: UsesPage, cursor: str | None = None) -> Response:
    """The accounts there are, by name, and a form for another."""
    return _list(page, cursor)


@router.post("")
def add(form: UsesForm) -> Response:
    """Add an account, and show it with a link for choosing its password."""
    try:
        made = accounts.add_account(
            form.desk, form.get("name"), form.get("person") or None, admin="admin" in form.fields
        )
    except AccountInvalid as error:
        return _list(form, status=HTTPStatus.UNPROCESSABLE_ENTITY, told=str(error))
    except NotFound as error:
        return _list(form, status=HTTPStatus.NOT_FOUND, told=str(error))
    except Conflict as error:
        return _list(form, status=HTTPStatus.CONFLICT, told=str(error))
    return _with_link(form, made.account.id)


@router.get("/{account_id}")
def show(page: UsesPage, account_id: str) -> Response:
    """One account, and what can be done to it."""
    return _one(page, account_id)


@router.post("/{account_id}/link")
def make_link(form: UsesForm, account_id: str) -> Response:
    """Show a link for choosing a password, this once."""
    return _with_link(form, account_id)


@router.post("/{account_id}/disable")
def disable(form: UsesForm, account_id: str) -> Response:
    return _changed(form, account_id, AccountChange(disabled=True))


@router.post("/{account_id}/enable")
def enable(form: UsesForm, account_id: str) -> Response:
    return _changed(form, account_id, AccountChange(disabled=False))


@router.post("/{account_id}/promote")
def promote(form: UsesForm, account_id: str) -> Response:
    return _changed(form, account_id, AccountChange(admin=True))


@router.post("/{account_id}/demote")
def demote(form: UsesForm, account_id: str) -> Response:
    return _changed(form, account_id, AccountChange(admin=False))


@router.post("/{account_id}/person")
def tie(form: UsesForm, account_id: str) -> Response:
    """Say whose account it is; nobody's where the field is empty."""
    return _changed(form, account_id, AccountChange(ties=True, person=form.get("person") or None))


@router.post("/{account_id}/sign-out")
def sign_out(form: UsesForm, account_id: str) -> Response:
    accounts.end_access(form.desk, account_id)
    return go_to(_href(account_id))


@router.post("/{account_id}/remove")
def remove(form: UsesForm, account_id: str) -> Response:
    accounts.remove_account(form.desk, account_id)
    return go_to("/admin/accounts")


def _changed(form: AdminForm, account_id: str, change: AccountChange) -> Response:
    accounts.change_account(form.desk, account_id, change)
    return go_to(_href(account_id))


def _with_link(form: AdminForm, account_id: str) -> Response:
    secret = accounts.make_link(form.desk, account_id)
    page = _one(form, account_id, password_link(form.request, form.parts.settings.access, secret))
    page.headers["Cache-Control"] = "no-store"
    return page


def _one(page: AdminPage, account_id: str, link: str | None = None) -> Response:
    return page.show("account.html", found=accounts.show_account(page.desk, account_id), link=link)


def _list(
    page: AdminPage, cursor: str | None = None, *, status: int = HTTPStatus.OK, told: str | None = None
) -> Response:
    return page.show(
        "accounts.html",
        status,
        found=accounts.list_accounts(page.desk, cursor),
        later=cursor is not None,
        told=told,
        fields=page.fields if isinstance(page, AdminForm) else {},
    )


def _href(account_id: str) -> str:
    return f"/admin/accounts/{quote(account_id, safe='')}"
