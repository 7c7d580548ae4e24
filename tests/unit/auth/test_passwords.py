import pytest

from indexer.domain.errors import AccountInvalid
from service.auth.passwords import hash_password, is_outdated, is_password, rehash
from service.settings import PasswordSettings

CHEAP = PasswordSettings(memory_kilobytes=8, passes=1, lanes=1)
GOOD = "correct horse battery"


def test_a_password_fits_its_own_hash_and_no_other_password_does() -> None:
    hashed = hash_password(GOOD, "ada", CHEAP)

    assert is_password(GOOD, hashed, CHEAP)
    assert not is_password(GOOD + " ", hashed, CHEAP)
    assert GOOD not in hashed
    assert hash_password(GOOD, "ada", CHEAP) != hashed


def test_letters_that_keyboards_write_differently_are_the_same() -> None:
    hashed = hash_password("caf\u00e9 caf\u00e9 caf\u00e9", "ada", CHEAP)

    assert is_password("cafe\u0301 cafe\u0301 cafe\u0301", hashed, CHEAP)


def test_where_there_is_no_hash_no_password_is_right() -> None:
    assert not is_password(GOOD, None, CHEAP)
    assert not is_password("", None, CHEAP)
    assert not is_password(GOOD, "not a hash", CHEAP)


@pytest.mark.parametrize("password", ["x" * 11, "x" * 1025, "", "ada.lovelace", "ADA.Lovelace"])
def test_a_password_that_is_short_or_endless_or_the_account_s_name_is_refused(password: str) -> None:
    with pytest.raises(AccountInvalid):
        hash_password(password, "ada.lovelace", CHEAP)


@pytest.mark.parametrize("password", ["x" * 12, "x" * 1024, "            ", "\U0001f511" * 12])
def test_any_characters_make_a_password(password: str) -> None:
    assert is_password(password, hash_password(password, "ada", CHEAP), CHEAP)


def test_what_is_longer_than_a_password_can_be_is_never_right() -> None:
    hashed = hash_password("x" * 1024, "ada", CHEAP)

    assert not is_password("x" * 1025, hashed, CHEAP)


def test_a_hash_of_another_cost_is_outdated_and_still_fits() -> None:
    dearer = PasswordSettings(memory_kilobytes=16, passes=2, lanes=1)
    hashed = hash_password(GOOD, "ada", CHEAP)

    assert is_password(GOOD, hashed, dearer)
    assert is_outdated(hashed, dearer)
    assert not is_outdated(rehash(GOOD, dearer), dearer)
