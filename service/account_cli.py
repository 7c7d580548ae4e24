"""knowwho account: who may sign in, and as whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.table import Table

from indexer.cli.base import AsJson, console, open_home, print_json, settings_of
from indexer.domain.accounts import COMMAND_LINE, Account
from indexer.home import Home
from indexer.store import accounts as records
from service.auth import accounts
from service.auth.accounts import Deed
from service.settings import ServiceSettings

account_app = typer.Typer(help="Who may sign in, and as whom.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name that somebody signs in with.")]
OfPerson = Annotated[str | None, typer.Option("--person", help="The id of the person whose account it is.")]
MayAdminister = Annotated[bool, typer.Option("--admin", help="It may administer.")]
NotAnyMore = Annotated[bool, typer.Option("--no", help="It may not any more.")]
PersonId = Annotated[str, typer.Argument(help="The id of a person; `none` ties the account to nobody.")]

NOBODY = "none"


@account_app.command("list")
def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """The accounts there are."""
    with _home(context) as home, home.database.read() as transaction:
        found = records.all_accounts(transaction)
    if as_json:
        print_json([_values(account) for account in found])
        return
    if not found:
        console.print("There is no account yet: `knowwho account add NAME --admin` makes one.")
        return
    table = Table("Account", "Person", "May", "Password", "Since", box=None)
    for account in found:
        may = "nothing: disabled" if account.disabled else "administer" if account.admin else "sign in"
        password = "yes" if account.has_password else "no"
        table.add_row(account.name, account.person or "", may, password, f"{account.created:%Y-%m-%d}")
    console.print(table)


@account_app.command()
def add(context: typer.Context, name: Name, person: OfPerson = None, admin: MayAdminister = False) -> None:
    """Add an account, and print the link with which its owner chooses a password."""
    with _deed(context) as deed:
        account = accounts.add_account(deed, name, person=person, admin=admin)
        secret = accounts.make_link(deed, account)
    console.print(f"Account {account.name} is added.", markup=False)
    _print_link(context, secret)


@account_app.command()
def link(context: typer.Context, name: Name) -> None:
    """Print a link for choosing another password. Earlier links are worth nothing any more."""
    with _deed(context) as deed:
        secret = accounts.make_link(deed, accounts.named_account(deed.transaction, name))
    _print_link(context, secret)


@account_app.command()
def disable(context: typer.Context, name: Name) -> None:
    """Keep an account from signing in; its sessions end, and its tokens are worth nothing meanwhile."""
    with _deed(context) as deed:
        accounts.set_disabled(deed, accounts.named_account(deed.transaction, name), disabled=True)
    console.print(f"Account {name} is disabled.", markup=False)


@account_app.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled account sign in again."""
    with _deed(context) as deed:
        accounts.set_disabled(deed, accounts.named_account(deed.transaction, name), disabled=False)
    console.print(f"Account {name} may sign in.", markup=False)


@account_app.command()
def admin(context: typer.Context, name: Name, no: NotAnyMore = False) -> None:
    """Let an account administer."""
    with _deed(context) as deed:
        accounts.set_admin(deed, accounts.named_account(deed.transaction, name), admin=not no)
    console.print(f"Account {name} may {'not administer any more' if no else 'administer'}.", markup=False)


@account_app.command()
def person(context: typer.Context, name: Name, person: PersonId) -> None:
    """Say which person uses an account: it reads what they may read."""
    with _deed(context) as deed:
        account = accounts.named_account(deed.transaction, name)
        changed = accounts.set_person(deed, account, None if person == NOBODY else person)
    console.print(f"Account {name} is {changed.person or 'nobody'}'s.", markup=False)


@account_app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Remove an account with its sessions and tokens. What the person contributed stays."""
    with _deed(context) as deed:
        accounts.remove_account(deed, accounts.named_account(deed.transaction, name))
    console.print(f"Account {name} is removed.", markup=False)


@contextmanager
def _home(context: typer.Context) -> Iterator[Home]:
    home = open_home(settings_of(context))
    try:
        yield home
    finally:
        home.close()


@contextmanager
def _deed(context: typer.Context) -> Iterator[Deed]:
    with _home(context) as home, accounts.acting(home, COMMAND_LINE) as deed:
        yield deed


def _print_link(context: typer.Context, secret: str) -> None:
    settings = settings_of(context)
    if not isinstance(settings, ServiceSettings):
        raise TypeError("the command was started without the service's settings")
    address = settings.access.address or f"http://{settings.serve.host}:{settings.serve.port}"
    console.print("This link works once, for a day; whoever has it chooses the password:")
    console.print(f"{address.rstrip('/')}/choose-password/{secret}", markup=False)


def _values(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "person": account.person,
        "admin": account.admin,
        "disabled": account.disabled,
        "has_password": account.has_password,
        "created": account.created.isoformat(),
    }
