import stat
from pathlib import Path

from indexer.home import home_secret
from service.auth import form_token, is_form_token


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    secret = home_secret(tmp_path)
    assert len(secret) == 32
    assert home_secret(tmp_path) == secret
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_home_has_a_secret_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    assert home_secret(tmp_path / "one") != home_secret(tmp_path / "other")


def test_a_token_is_good_for_its_visitor_and_home_alone() -> None:
    token = form_token(b"secret", "ivy")
    assert is_form_token(b"secret", "ivy", token)
    assert not is_form_token(b"secret", "minl", token)
    assert not is_form_token(b"other", "ivy", token)
    assert not any(is_form_token(b"secret", "ivy", wrong) for wrong in ("", "é", token[:-1], token + "0"))
