from pathlib import Path

from indexer.home import Home
from service.auth import subject_of


def test_a_person_is_called_the_same_each_time_and_nothing_of_their_id(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert subject_of(home, "ada-lovelace") == subject_of(home, "ada-lovelace")
    assert subject_of(home, "ada-lovelace") != subject_of(home, "grace-hopper")
    assert not any(part in subject_of(home, "ada-lovelace") for part in ("ada-", "lovelace"))


def test_another_home_calls_the_same_person_otherwise(tmp_path: Path) -> None:
    homes = [Home(tmp_path / name) for name in ("one", "other")]
    for home in homes:
        home.folder.mkdir()

    assert len({subject_of(home, "ada-lovelace") for home in homes}) == 2
