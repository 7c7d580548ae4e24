from indexer.index import QueryTerms
from service.search.snippet import extract

LONG = " ".join(f"word{n}" for n in range(200))


def marked(text: str, question: str, words: int = 12) -> list[str]:
    return [run for run, matched in extract(text, QueryTerms.of(question), words) if matched]


def test_a_short_passage_is_shown_whole_with_its_matches_marked() -> None:
    runs = extract("Check the pads, then the hoses.", QueryTerms.of("brake pad"), 20)
    assert runs == [("Check the ", False), ("pads", True), (", then the hoses.", False)]


def test_the_window_holds_the_most_different_words_of_the_question() -> None:
    text = f"pads {LONG} pads and torque together {LONG}"
    shown = "".join(run for run, _ in extract(text, QueryTerms.of("pads torque"), 12))
    assert "pads and torque together" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_common_words_are_not_marked() -> None:
    assert marked("How the valve is opened", "how is the valve") == ["valve"]


def test_punctuation_around_a_match_stays_unmarked() -> None:
    assert marked('the "BCU-E4711" code', "bcu-e4711") == ["BCU-E4711"]


def test_the_text_is_never_changed() -> None:
    text = "Line one\n\n  with   spaces\tand pads.\n"
    assert "".join(run for run, _ in extract(text, QueryTerms.of("pads"), 50)) == text.strip()


def test_an_empty_text_gives_no_runs() -> None:
    assert extract("", QueryTerms.of("pads"), 10) == []
