"""A rare identifier in a long question: its documents are on the first page, whatever else the question says."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.embedding import open_encoder
from indexer.home import Home
from service.auth import ANONYMOUS
from service.experts import answer
from service.search import Hit, OpenIndex, parse_query
from tests.fakes import index_home, settings_for, write_thread

QUESTION = "the train in hall 2 shows {} since yesterday, what should we do?"
CODES = ("DCU-F209", "E4711", "8.440.371", "in_place_update")


def titles(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.document.title for hit in hits]


def ask(folder: Path, question: str, *, places: int) -> tuple[Hit, ...]:
    close = [write_thread(f"c{n}", f"Hall {n}", ("ivy", QUESTION.format("a fault"))) for n in range(30)]
    far = [
        write_thread(f"x{n}", f"Note on {code}", ("rui", f"Grease seals. {code} " + "Wipe lids and lamps. " * 30))
        for n, code in enumerate(CODES)
    ]
    (folder / "chat.jsonl").write_text("".join([*close, *far]))
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl"}
    settings = settings_for(folder, [source], search={"fold": False, "rare_term_places": places})
    index_home(settings)
    home = Home(settings.home)
    index = OpenIndex(home, open_encoder(settings.encoder))
    index.load_model()
    hits = answer(home, index, parse_query(question), ANONYMOUS, settings).page.hits
    home.close()
    return hits


@pytest.mark.parametrize("code", CODES)
def test_a_long_question_around_one_code_finds_its_document_on_the_first_page(tmp_path: Path, code: str) -> None:
    hits = ask(tmp_path, QUESTION.format(code), places=5)
    assert f"Note on {code}" in titles(hits[:5])
    held = next(hit for hit in hits if hit.passage.document.title == f"Note on {code}")
    assert code in "".join(text for text, _ in held.extract)


def test_without_the_rule_it_would_be_lost_and_with_it_says_why(tmp_path: Path) -> None:
    (tmp_path / "off").mkdir()
    (tmp_path / "on").mkdir()
    question = QUESTION.format("DCU-F209")
    assert "Note on DCU-F209" not in titles(ask(tmp_path / "off", question, places=0))
    held = next(h for h in ask(tmp_path / "on", question, places=5) if h.passage.document.title == "Note on DCU-F209")
    assert "identifier that few others have" in held.reasons.sentence(held.matched)
