"""API tokens: what an account gives to a program."""

from collections.abc import Collection
from datetime import timedelta

from indexer.domain.accounts import ApiToken, AuditAction, Scope
from indexer.domain.errors import AccountInvalid, Conflict, NotFound, SignInRefused
from indexer.home import Home
from indexer.store import accounts as records
from service.auth.accounts import acting
from service.auth.credentials import TOKEN_PREFIX, SignIn, digest_of, new_id, new_secret
from service.auth.permissions import Viewer
from service.settings import AccessSettings

LONGEST_LABEL = 100
MOST_TOKENS = 50


def grantable_scopes(viewer: Viewer) -> list[Scope]:
    """What a token of the viewer's may be for: nothing that they may not do themselves."""
    allowed = {Scope.ADMIN: viewer.admin, Scope.STEWARD: viewer.admin or bool(viewer.stewards)}
    return [scope for scope in Scope if allowed.get(scope, True)]


def add_token(
    home: Home, who: SignIn, label: str, scopes: Collection[Scope], days: int, settings: AccessSettings
) -> tuple[ApiToken, str]:
    """A new token with its secret, which nobody can tell again. AccountInvalid for a label, scope or time that it
    cannot have; Conflict where the account has very many already, SignInRefused where it was disabled or removed
    meanwhile."""
    label = " ".join(label.split())
    _check(label, set(scopes), days, who.viewer, settings)
    secret = TOKEN_PREFIX + new_secret()
    with acting(home, who.account.id) as deed:
        present = records.find_account(deed.transaction, who.account.id)
        if present is None or present.disabled:
            raise SignInRefused("the account may not sign in any more")
        if len(records.tokens_of(deed.transaction, who.account.id)) >= MOST_TOKENS:
            raise Conflict(f"you have {MOST_TOKENS} tokens: take back those that you do not need any more")
        expires = deed.now + timedelta(days=days)
        token = ApiToken(new_id(), who.account.id, label, frozenset(scopes), deed.now, expires, None)
        records.add_token(deed.transaction, token, digest_of(secret))
        deed.note(AuditAction.TOKEN_ADDED, who.account.id, token=token.id, scopes=sorted(token.scopes), days=days)
    return token, secret


def remove_token(home: Home, who: SignIn, token: str) -> None:
    """Take a token (its id) back: it is worth nothing from now on. NotFound where the account has none like that."""
    with acting(home, who.account.id) as deed:
        if not records.remove_token(deed.transaction, who.account.id, token):
            raise NotFound("you have no such token any more")
        deed.note(AuditAction.TOKEN_REMOVED, who.account.id, token=token)


def _check(label: str, scopes: set[Scope], days: int, viewer: Viewer, settings: AccessSettings) -> None:
    if not 0 < len(label) <= LONGEST_LABEL or not label.isprintable():
        raise AccountInvalid(f"give the token a label of at most {LONGEST_LABEL} characters that says what it is for")
    if not 1 <= days <= settings.token_days:
        raise AccountInvalid(f"a token lasts 1 to {settings.token_days} days")
    if not scopes:
        raise AccountInvalid("say what the token may be used for")
    beyond = scopes.difference(grantable_scopes(viewer))
    if beyond:
        raise AccountInvalid(f"you may not do that yourself: {', '.join(sorted(beyond))}")
