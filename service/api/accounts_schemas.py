"""The shapes of accounts as admins look after them."""

from datetime import datetime

from pydantic import Field

from service.admin.accounts import AccountChange, AccountView
from service.api.account_schemas import PersonRef
from service.api.shape import Shape
from service.auth.accounts import LONGEST_NAME

LONGEST_PERSON = 200
ABOUT_PERSON = "The id of the person whose account it is: it reads what they may read"


class ListedAccountOut(Shape):
    """An account. `seen` is when it last used a session or token that it still has."""

    id: str
    name: str
    person: PersonRef | None
    admin: bool
    disabled: bool
    has_password: bool
    created: datetime
    seen: datetime | None


class AccountsOut(Shape):
    accounts: list[ListedAccountOut]
    next: str | None


class NewAccountIn(Shape):
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    person: str | None = Field(default=None, max_length=LONGEST_PERSON, description=ABOUT_PERSON)
    admin: bool = False


class AccountChangeIn(Shape):
    """What is given is changed. `person` null ties the account to nobody."""

    admin: bool | None = None
    disabled: bool | None = None
    person: str | None = Field(default=None, max_length=LONGEST_PERSON, description=ABOUT_PERSON)

    def change(self) -> AccountChange:
        return AccountChange(self.admin, self.disabled, "person" in self.model_fields_set, self.person)


class PasswordLinkOut(Shape):
    """Works once, for a day; whoever has it chooses the password. It is shown this once."""

    link: str


def listed_account_out(view: AccountView) -> ListedAccountOut:
    account, person = view.account, view.person
    return ListedAccountOut(
        id=account.id,
        name=account.name,
        person=PersonRef(id=person.id, name=person.name) if person else None,
        admin=account.admin,
        disabled=account.disabled,
        has_password=account.has_password,
        created=account.created,
        seen=view.seen,
    )
