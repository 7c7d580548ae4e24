"""What browsers send and are given: the cookie of a session, and where they are."""

from fastapi import Request, Response

from service.auth.sign_in import Browser
from service.settings import AccessSettings

SESSION_COOKIE = "knowwho_session"
SECURE_PREFIX = "__Host-"  # browsers keep such a cookie only where this very host set it over https
DAY_SECONDS = 24 * 3600


def is_secure(request: Request) -> bool:
    """Whether the browser came over https, to the service itself or to a proxy before it: the envelope (http.py) has
    said so in the scheme."""
    return request.url.scheme == "https"


def session_cookie(request: Request) -> str:
    """The name of the cookie that holds the secret of a session."""
    return SECURE_PREFIX + SESSION_COOKIE if is_secure(request) else SESSION_COOKIE


def session_secret(request: Request) -> str | None:
    return request.cookies.get(session_cookie(request))


def keep_session(response: Response, request: Request, secret: str, settings: AccessSettings) -> None:
    """Have the browser keep the secret of a session that was just begun."""
    response.set_cookie(
        session_cookie(request),
        secret,
        max_age=round(settings.session_days * DAY_SECONDS),
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def forget_session(response: Response, request: Request) -> None:
    name, secure = session_cookie(request), is_secure(request)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def browser_of(request: Request) -> Browser:
    """The browser that sends a request. Its address is the connection's, unless a proxy that is believed (see
    service/server.py) tells another."""
    client = request.client.host if request.client else ""
    return Browser(client, request.headers.get("user-agent", ""), session_secret(request))


def password_link(request: Request, settings: AccessSettings, secret: str) -> str:
    """The address at which somebody chooses a password, given the secret of the link."""
    return f"{(settings.address or str(request.base_url)).rstrip('/')}/choose-password/{secret}"
