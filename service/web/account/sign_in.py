"""GET and POST /sign-in, POST /sign-out."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from indexer.domain.errors import LockedOut, SignInRefused
from service.auth.sign_in import sign_in, sign_out
from service.browsers import forget_session
from service.web.account.page import AccountPage, UsesAccountForm, UsesAccountPage, go_to
from service.web.places import own_path

router = APIRouter()


@router.get("/sign-in")
def show(page: UsesAccountPage, next: str = "") -> Response:  # as it stands in the address
    """The form to sign in with; whoever is signed in already goes on to where they wanted to be."""
    return go_to(own_path(next)) if page.maybe else _show(page, next)


@router.post("/sign-in")
def take(form: UsesAccountForm) -> Response:
    """Sign in, and go where one wanted to be."""
    try:
        secret = sign_in(form.parts.home, form.get("name"), form.get("password"), form.browser, form.settings)
    except SignInRefused as error:
        return _show(form, form.get("next"), HTTPStatus.FORBIDDEN, form.get("name"), str(error))
    except LockedOut as error:
        page = _show(form, form.get("next"), HTTPStatus.TOO_MANY_REQUESTS, form.get("name"), str(error))
        page.headers["Retry-After"] = str(error.seconds)
        return page
    return form.go_in(secret, own_path(form.get("next")))


@router.post("/sign-out")
def leave(form: UsesAccountForm) -> Response:
    """End the session of this browser."""
    if form.maybe:
        sign_out(form.parts.home, form.maybe)
    response = go_to("/")
    forget_session(response, form.request)
    return response


def _show(
    page: AccountPage, goal: str, status: int = HTTPStatus.OK, name: str = "", told: str | None = None
) -> Response:
    providers = [provider.settings for provider in page.parts.providers.values()]
    return page.show("sign_in.html", status, goal=own_path(goal), name=name, told=told, providers=providers)
