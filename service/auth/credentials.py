"""What proves who sends a request: the secret of a session or of an API token. Secrets are random, so their plain
SHA-256 is kept; only passwords need a slow hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.domain.accounts import Account, Session
from indexer.home import Home
from indexer.store import Transaction, accounts
from service.auth.permissions import Viewer, viewer_of
from service.settings import AccessSettings

SECRET_BYTES = 32
ID_BYTES = 9
TOKEN_PREFIX = "kw_"
SEEN_EVERY = timedelta(minutes=5)
LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who sends a request. `session` is set for browsers, `token` (its id) for programs."""

    account: Account
    viewer: Viewer
    session: Session | None = None
    token: str | None = None


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def new_id() -> str:
    return secrets.token_urlsafe(ID_BYTES)


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def open_session(
    transaction: Transaction, account: str, agent: str, now: datetime, settings: AccessSettings
) -> tuple[Session, str]:
    """Sign an account in to a browser; gives the session and the secret for its cookie."""
    secret = new_secret()
    expires = _expiry(now, now, settings)
    session = Session(new_id(), account, now, now, expires, agent[:LONGEST_AGENT])
    accounts.add_session(transaction, session, digest_of(secret))
    return session, secret


def sign_in_by_session(home: Home, secret: str, now: datetime, settings: AccessSettings) -> SignIn | None:
    """Who is signed in with this secret; None where its session has ended or its account may not sign in any more."""
    with home.database.read() as transaction:
        session = accounts.find_session(transaction, digest_of(secret))
        if session is None or session.expires <= now:
            return None
        account = accounts.find_account(transaction, session.account)
        if account is None or account.disabled:
            return None
        viewer = viewer_of(transaction, account)
    if now - session.seen >= SEEN_EVERY:
        with home.database.begin() as transaction:
            accounts.see_session(transaction, session.id, now, _expiry(session.created, now, settings))
    return SignIn(account, viewer, session=session)


def sign_in_by_token(home: Home, secret: str, now: datetime) -> SignIn | None:
    """Who a token of this secret stands for; None where it has run out or been taken back."""
    with home.database.read() as transaction:
        token = accounts.find_token(transaction, digest_of(secret))
        if token is None or token.expires <= now:
            return None
        account = accounts.find_account(transaction, token.account)
        if account is None or account.disabled:
            return None
        viewer = viewer_of(transaction, account, token.scopes)
    if token.used is None or now - token.used >= SEEN_EVERY:
        with home.database.begin() as transaction:
            accounts.note_token_use(transaction, token.id, now)
    return SignIn(account, viewer, token=token.id)


def _expiry(created: datetime, now: datetime, settings: AccessSettings) -> datetime:
    return min(now + timedelta(hours=settings.session_idle_hours), created + timedelta(days=settings.session_days))
