"""GET and POST /accounts, GET, PATCH and DELETE /accounts/{id}, POST …/sign-out and …/password-link."""

from http import HTTPStatus

from fastapi import Request, Response

from service.admin import accounts
from service.api.accounts_schemas import (
    AccountChangeIn,
    AccountsOut,
    ListedAccountOut,
    NewAccountIn,
    PasswordLinkOut,
    listed_account_out,
)
from service.api.administration import CONFLICTING, DEFAULT_LIMIT, UNKNOWN, Cursor, Limit, admin_router
from service.browsers import password_link
from service.dependencies import UsesDesk, UsesParts

router = admin_router("accounts")


@router.get("/accounts", operation_id="list_accounts")
def list_all(desk: UsesDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> AccountsOut:
    """The accounts there are, by name."""
    found = accounts.list_accounts(desk, cursor, limit)
    return AccountsOut(accounts=[listed_account_out(view) for view in found.entries], next=found.next)


@router.post(
    "/accounts",
    operation_id="add_account",
    status_code=HTTPStatus.CREATED,
    responses={**UNKNOWN, **CONFLICTING},
)
def add(desk: UsesDesk, asked: NewAccountIn, response: Response) -> ListedAccountOut:
    """Add an account. Its owner chooses a password with a link, or signs in elsewhere."""
    made = accounts.add_account(desk, asked.name, asked.person, admin=asked.admin)
    response.headers["Location"] = f"/api/v1/accounts/{made.account.id}"
    return listed_account_out(made)


@router.get("/accounts/{account_id}", operation_id="get_account_by_id", responses=UNKNOWN)
def get(desk: UsesDesk, account_id: str) -> ListedAccountOut:
    return listed_account_out(accounts.show_account(desk, account_id))


@router.patch("/accounts/{account_id}", operation_id="change_account", responses={**UNKNOWN, **CONFLICTING})
def change(desk: UsesDesk, account_id: str, asked: AccountChangeIn) -> ListedAccountOut:
    """Disable or enable it, let it administer or not, say whose it is."""
    return listed_account_out(accounts.change_account(desk, account_id, asked.change()))


@router.delete(
    "/accounts/{account_id}",
    operation_id="remove_account",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**UNKNOWN, **CONFLICTING},
)
def remove(desk: UsesDesk, account_id: str) -> None:
    """Remove an account with its sessions and tokens. What the person contributed stays."""
    accounts.remove_account(desk, account_id)


@router.post(
    "/accounts/{account_id}/sign-out",
    operation_id="sign_account_out",
    status_code=HTTPStatus.NO_CONTENT,
    responses=UNKNOWN,
)
def sign_out(desk: UsesDesk, account_id: str) -> None:
    """Sign an account out everywhere, and take back its tokens."""
    accounts.end_access(desk, account_id)


@router.post(
    "/accounts/{account_id}/password-link",
    operation_id="make_password_link",
    status_code=HTTPStatus.CREATED,
    responses={**UNKNOWN, **CONFLICTING},
)
def make_link(
    desk: UsesDesk, parts: UsesParts, request: Request, account_id: str, response: Response
) -> PasswordLinkOut:
    """A link with which its owner chooses a password; earlier ones are worth nothing any more. Only people in a browser
    may: whoever has the link becomes that account."""
    secret = accounts.make_link(desk, account_id)
    response.headers["Cache-Control"] = "no-store"
    return PasswordLinkOut(link=password_link(request, parts.settings.access, secret))
