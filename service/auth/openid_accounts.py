"""Which account somebody has for whom a provider vouches."""

from indexer.domain.accounts import Account, AuditAction
from indexer.domain.errors import AccountInvalid, SignInRefused
from indexer.home import Home
from indexer.notation.identities import address_identity
from indexer.store import accounts as records
from indexer.store import identities
from service.auth.accounts import Deed, account_name, acting, add_account, plain_name
from service.auth.credentials import new_id
from service.auth.openid import Vouched
from service.auth.sign_in import Browser, start_session
from service.settings import AccessSettings, OpenIdProvider

UNKNOWN = "there is no account for you here yet: ask an admin to add one"
DISABLED = "your account is disabled: ask an admin to enable it"
SEVERAL = "several accounts here are yours: sign in with a password, or ask an admin which one this is"
SPENT = "this sign-in was used already: begin again"


def spend_attempt(home: Home, state: str, expires: int) -> None:
    """Let nobody come back from the same sign-in twice. SignInRefused for the second."""
    with acting(home, None) as deed:
        if not records.spend_attempt(deed.transaction, state, expires, int(deed.now.timestamp())):
            raise SignInRefused(SPENT)


def sign_in_vouched(
    home: Home, provider: OpenIdProvider, vouched: Vouched, browser: Browser, settings: AccessSettings
) -> str:
    """Sign in whom a provider vouches for; the secret of the new session. SignInRefused, with the way out, for whoever
    has no account, or a disabled one."""
    try:
        with acting(home, None) as deed:
            account = _account_of(deed, provider, vouched)
            return start_session(deed, account, browser, settings, provider.name)
    except SignInRefused:
        with acting(home, None) as deed:
            known = records.find_by_login(deed.transaction, vouched.issuer, vouched.subject)
            deed.note(AuditAction.SIGN_IN_FAILED, known.id if known else None, by=provider.name)
        raise


def _account_of(deed: Deed, provider: OpenIdProvider, vouched: Vouched) -> Account:
    known = records.find_by_login(deed.transaction, vouched.issuer, vouched.subject)
    account = known
    if account is None and provider.trust_addresses and vouched.address:
        account = _by_address(deed, vouched.address)
    if account is None and provider.new_accounts:
        account = _new_account(deed, provider, vouched)
    if account is None:
        raise SignInRefused(UNKNOWN)
    if account.disabled:
        raise SignInRefused(DISABLED)
    if known is None:
        records.add_login(deed.transaction, vouched.issuer, vouched.subject, account.id)
        deed.note(AuditAction.ACCOUNT_CHANGED, account.id, login=provider.name)
    return account


def _by_address(deed: Deed, address: str) -> Account | None:
    """The account that is named by this address, else the one of the person whose it is."""
    named = records.find_by_name(deed.transaction, plain_name(address))
    if named is not None:
        return named
    person = _person_of(deed, address)
    theirs = records.accounts_of(deed.transaction, person) if person else []
    if len(theirs) > 1:
        raise SignInRefused(SEVERAL)
    return theirs[0] if theirs else None


def _new_account(deed: Deed, provider: OpenIdProvider, vouched: Vouched) -> Account:
    person = _person_of(deed, vouched.address) if provider.trust_addresses and vouched.address else None
    return add_account(deed, _free_name(deed, provider, vouched), person=person)


def _person_of(deed: Deed, address: str) -> str | None:
    """Only a directory's word counts: anybody may write an address into a document."""
    return identities.vouched_person(deed.transaction, address_identity(address))


def _free_name(deed: Deed, provider: OpenIdProvider, vouched: Vouched) -> str:
    """A name that nobody has: the verified address, what the provider calls them, or one made up.

    Never an address that was not verified: by its name, the account would pass for that of the address's owner."""
    address = vouched.address if provider.trust_addresses else None
    for wanted in (address, vouched.name):
        try:
            name = account_name(wanted or "")
        except AccountInvalid:
            continue
        if "@" in name and wanted is not address:  # which may have been another sign before the name was made plain
            continue
        if records.find_by_name(deed.transaction, name) is None:
            return name
    return account_name(f"{provider.name}-{new_id()}")
