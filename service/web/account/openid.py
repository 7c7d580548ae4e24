"""GET /sign-in/{provider} and …/callback: signing in through an OpenID Connect provider, and coming back from it."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from indexer.domain.errors import NotFound, SignInRefused
from indexer.home import home_secret
from service.auth import Provider, callback_of, new_attempt, sealed, sign_in_vouched, spend_attempt, unsealed
from service.auth.openid_attempts import LASTS
from service.browsers import is_secure
from service.web.account.page import AccountPage, UsesAccountPage, go_to
from service.web.places import own_path

router = APIRouter(prefix="/sign-in")

COOKIE = "knowwho_sign_in"
FOREIGN = "this sign-in was not begun in this browser, or too long ago: begin again"
DENIED = "{label} did not say who you are, so nobody was signed in: begin again, or sign in with a password"


@router.get("/{provider}")
def begin(page: UsesAccountPage, provider: str, next: str = "") -> Response:  # as it stands in the address
    """Send the browser to the provider."""
    chosen = _chosen(page, provider)
    attempt = new_attempt(provider, own_path(next), datetime.now(UTC))
    response = go_to(chosen.address_to_go_to(attempt, _callback(page, provider)))
    told = sealed(home_secret(page.parts.home.folder), attempt)
    lasts, secure = int(LASTS.total_seconds()), is_secure(page.request)
    response.set_cookie(COOKIE, told, lasts, path=router.prefix, secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/{provider}/callback")
def come_back(page: UsesAccountPage, provider: str, state: str = "", code: str = "", error: str = "") -> Response:
    """Sign in whom the provider vouches for, and go on with the page that they came from."""
    chosen, home = _chosen(page, provider), page.parts.home
    kept = page.request.cookies.get(COOKIE, "")
    attempt = unsealed(home_secret(home.folder), kept, provider, state, datetime.now(UTC))
    if attempt is None:
        raise SignInRefused(FOREIGN)
    spend_attempt(home, attempt.state, attempt.expires)
    if error or not code:
        raise SignInRefused(DENIED.format(label=chosen.settings.label))
    vouched = chosen.redeem(attempt, _callback(page, provider), code)
    response = page.go_in(sign_in_vouched(home, chosen.settings, vouched, page.browser, page.settings), attempt.page)
    response.delete_cookie(COOKIE, router.prefix)
    return response


def _chosen(page: AccountPage, name: str) -> Provider:
    if name not in page.parts.providers:
        raise NotFound("nobody can sign in that way here: /sign-in shows the ways there are")
    return page.parts.providers[name]


def _callback(page: AccountPage, provider: str) -> str:
    return callback_of(page.settings.address or "", provider)
