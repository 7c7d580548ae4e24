"""The pages as visitors get them, and what they say."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from indexer.domain.content import (
    Audience,
    AudienceKind,
    Block,
    BlockKind,
    Document,
    DocumentKind,
    Locator,
)
from indexer.domain.ids import document_id
from indexer.domain.people import Person, Role
from indexer.store.contributions import Part
from indexer.store.passages import FoundPassage
from service import web
from service.experts import Evidence
from service.experts.votes import Fit, Vote
from service.web.layout import lay_out
from service.web.phrases import (
    browser_words,
    counted,
    evidence_line,
    exact_date,
    last_said,
    said_date,
    sentence,
    share_word,
)
from service.web.places import anchor, ask_href, document_href, heading_anchor, outside_href, sign_in_href

TODAY = date(2026, 3, 20)
TEMPLATES = Path(web.__file__).parent / "templates"
QUESTION = "/?q=brakes+squeal"
SQUEAL = "/documents/" + document_id("library", "brakes/squeal.md")
OLD_SQUEAL = "/documents/" + document_id("library", "brakes/squeal-2018.md")
THREAD = "/documents/" + document_id("chat", "t-1")
PRIVATE_DOCUMENT = "/documents/" + document_id("library", "secrets/plan.md")
PRIVATE_WORDS = ("Zanzibar", "Nightingale", "Mallory", "mallory", "Hushed", "secrets")


class Page(Protocol):
    """What the tests read of an answer."""

    @property
    def status_code(self) -> int: ...
    @property
    def is_success(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class Outline(HTMLParser):
    """What a page holds: addresses it links to, ids, headings in order, tags, its title."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.title = ""
        self._in_title = False
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes.extend(values)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self._in_title = tag == "title" and "head" in self.tags and "body" not in self.tags

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            self._in_title = False


@pytest.fixture(scope="module")
def all_pages(client: TestClient) -> dict[str, Page]:
    """Every page that a visitor reaches by links, from the start, a search and some dead ends."""
    dead_ends = ["/?q=brakes&since=soon", "/nowhere", PRIVATE_DOCUMENT, "/communities/secrets", "/people/nobody"]
    waiting = ["/", QUESTION, "/?q=operation", *dead_ends]
    pages: dict[str, Page] = {}
    while waiting:
        address = urldefrag(waiting.pop()).url
        if address not in pages:
            pages[address] = client.get(address)
            waiting += [urljoin(address, link) for link in Outline(pages[address]).links if link.startswith("/")]
    return pages


def results_of(page: Page) -> list[str]:
    return re.findall(r'<li class="passage">.*?class="result" href="([^"#]+)', page.text, re.DOTALL)


# A page's frame


def test_every_template_that_is_a_page_has_a_title() -> None:
    pages = [file for file in TEMPLATES.glob("*.html") if "{% extends" in file.read_text(encoding="utf-8")]
    assert len(pages) >= 8
    assert all("{% block title %}" in file.read_text(encoding="utf-8") for file in pages)


def test_every_page_has_a_title_a_language_and_one_main_heading(all_pages: dict[str, Page]) -> None:
    for address, page in all_pages.items():
        outline = Outline(page)
        assert outline.title.removesuffix(" · Knowwho").strip(), address
        assert '<html lang="en">' in page.text
        assert outline.levels.count(1) == 1, address
        assert len(outline.ids) == len(set(outline.ids)), address


def test_no_page_skips_a_level_of_headings(all_pages: dict[str, Page]) -> None:
    for address, page in all_pages.items():
        levels = Outline(page).levels
        jumps = [(above, below) for above, below in pairwise(levels) if below > above + 1]
        assert not jumps, address


def test_every_page_forbids_what_comes_from_elsewhere(all_pages: dict[str, Page]) -> None:
    for page in all_pages.values():
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"


def test_no_page_holds_a_script_or_a_style_of_its_own(all_pages: dict[str, Page]) -> None:
    for page in all_pages.values():
        outline = Outline(page)
        assert "style" not in outline.tags + outline.attributes
        assert not [name for name in outline.attributes if name.startswith("on")]
        assert outline.tags.count("script") == 1


def test_every_link_leads_to_a_page_and_to_a_place_on_it(all_pages: dict[str, Page]) -> None:
    for address, page in all_pages.items():
        for link in Outline(page).links:
            target, place = urldefrag(urljoin(address, link))
            if target in all_pages and target != address:
                assert all_pages[target].is_success, f"{link} on {address}"
            if target in all_pages and place:
                assert unquote(place) in Outline(all_pages[target]).ids, f"{link} on {address}"


def test_private_community_is_on_no_page_of_an_anonymous_visitor(all_pages: dict[str, Page]) -> None:
    asked_for = {PRIVATE_DOCUMENT, "/communities/secrets"}
    back_there = {sign_in_href(address) for address in asked_for}
    for address in all_pages.keys() - asked_for - back_there:
        assert not [word for word in PRIVATE_WORDS if word in all_pages[address].text], address
    assert [all_pages[address].status_code for address in asked_for] == [404, 404]


def test_search_for_private_words_shows_nothing_private(client: TestClient) -> None:
    found = client.get("/?q=tell+nobody+about+the+file")
    assert not [word for word in PRIVATE_WORDS if word in found.text]
    refused = client.get("/?q=brakes&community=secrets")
    assert refused.status_code == 422
    assert "Hushed" not in refused.text


def test_style_and_script_are_served(client: TestClient) -> None:
    assert client.get("/static/knowwho.css").headers["content-type"].startswith("text/css")
    assert "javascript" in client.get("/static/knowwho.js").headers["content-type"]


# Search


def test_start_page_offers_the_communities_as_ways_in(client: TestClient) -> None:
    page = client.get("/")
    assert "Brakes &amp; Air" in page.text
    assert "Everything that stops a train." in page.text
    assert "10 documents" in page.text


@pytest.mark.parametrize("address", ["/?q=", "/?q=+++", "/?q=&community=brakes"])
def test_empty_question_gives_the_start_page(client: TestClient, address: str) -> None:
    page = client.get(address)
    assert page.is_success
    assert "What do you want to know?" in page.text


def test_search_shows_verdict_passages_and_people(client: TestClient) -> None:
    page = client.get(QUESTION)
    assert 'role="status"' in page.text
    assert len(results_of(page)) == 4
    assert "<b>" in page.text
    assert "from 10 documents" in page.text
    assert 'href="mailto:ada@example.org?subject=brakes%20squeal"' in page.text
    assert 'href="/people/bo#reach"' in page.text


def test_verdict_comes_before_passages_and_people_after_the_third(client: TestClient) -> None:
    text = client.get(QUESTION).text
    places = [match.start() for match in re.finditer('<li class="passage">', text)]
    assert text.index('class="verdict"') < places[0]
    assert places[2] < text.index('<li class="person">') < places[3]


def test_thread_passage_links_to_its_message(client: TestClient) -> None:
    assert f'{THREAD}#m-1"' in client.get("/?q=chamfer+the+pads&kind=thread").text


def test_document_passage_links_to_its_line(client: TestClient) -> None:
    page = client.get("/?q=worn+pads&kind=document")
    assert re.search(rf'{SQUEAL}#l-\d+-causes"', page.text)


def test_people_evidence_is_told_in_words_without_percentages(client: TestClient) -> None:
    page = client.get(QUESTION)
    people = page.text[page.text.index('id="people"') : page.text.index('id="concerned"')]
    assert "Why?" in people
    assert "on this, last in " in people
    assert "%" not in re.sub('href="[^"]*"', "", people)


def test_html_in_titles_texts_and_questions_stays_text(client: TestClient) -> None:
    for address in (QUESTION, SQUEAL, THREAD, "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/people/bo"):
        page = client.get(address)
        assert page.is_success
        tags = Outline(page).tags
        assert not {"img", "u", "i"}.intersection(tags)
        assert tags.count("script") == 1
    assert "&lt;u&gt;always&lt;/u&gt;" in client.get(THREAD).text


def test_pages_follow_each_other_by_cursor_without_repeating(client: TestClient) -> None:
    seen: list[str] = []
    for page in _pages_from(client, QUESTION + "&community=brakes"):
        assert '<option value="brakes" selected>' in page.text
        seen += results_of(page)
    assert len(seen) == len(set(seen)) == 10


def _pages_from(client: TestClient, address: str) -> Iterator[Page]:
    following: str | None = address
    while following:
        page = client.get(following)
        yield page
        found = re.search(r'rel="next" href="([^"]+)"', page.text)
        following = found[1].replace("&amp;", "&") if found else None


def test_later_page_says_where_it_stands_in_place_of_the_verdict(client: TestClient) -> None:
    second = list(_pages_from(client, QUESTION))[1]
    assert "Passages 5 to 8 of 10." in second.text
    assert "Back to the first passages" in second.text


def test_cursor_past_the_end_leads_back(client: TestClient) -> None:
    page = client.get(QUESTION + "&cursor=YWZ0ZXI6NTAw")
    assert page.is_success
    assert "That was all" in page.text


def test_filters_narrow_and_stay_in_the_form(client: TestClient) -> None:
    page = client.get("/?q=brakes+squeal&kind=thread&community=brakes&since=2025-01-01&until=2025-12-31")
    assert results_of(page) == [THREAD]
    assert '<option value="brakes" selected>' in page.text
    assert 'value="thread" checked' in page.text
    assert 'value="2025-01-01"' in page.text


def test_several_communities_stay_in_the_form(client: TestClient) -> None:
    page = client.get("/?q=brakes&community=brakes&community=doors")
    assert page.text.count('<select id="community-') == 2


def test_nothing_found_offers_the_next_step(client: TestClient) -> None:
    page = client.get("/?q=brakes&kind=lesson&community=doors")
    assert "Nobody has written about this yet." in page.text
    assert 'Ask the <a href="/communities/doors">Doors</a> community?' in page.text
    assert '<a href="/?q=brakes">Search everything</a>' in page.text


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ("since=soon", "Since &#39;soon&#39; is not a date like 2025-03-02."),
        ("since=2025-02-01&until=2025-01-01", "lies after until"),
        ("kind=rumour", "There is no kind &#39;rumour&#39;"),
        ("community=%3Cb%3E", "There is no community &lt;b&gt;"),
        ("cursor=nonsense", "comes from no answer of ours"),
    ],
)
def test_filter_that_cannot_be_understood_is_told_above_the_form_again(
    client: TestClient, filters: str, told: str
) -> None:
    page = client.get(f"/?q=brakes&{filters}")
    assert page.status_code == 422
    assert told in page.text
    assert 'value="brakes"' in page.text


def test_question_too_long_is_refused_with_a_sentence(client: TestClient) -> None:
    page = client.get("/", params={"q": "x" * 2001})
    assert page.status_code == 422
    assert "at most 2000 are read" in page.text


def test_search_says_that_meaning_is_off_until_the_model_is_loaded(make_app: Callable[[], FastAPI]) -> None:
    page = TestClient(make_app()).get(QUESTION)
    assert "Meaning search is off while the model loads; showing word matches." in page.text
    assert results_of(page)


# Documents


def test_document_shows_its_text_with_headings_lists_tables_code_and_quotes(client: TestClient) -> None:
    text = client.get(SQUEAL).text
    assert '<h2 id="h-causes">Causes</h2>' in text
    assert "<li>first cause</li>" in text
    assert "<li>☑ checked cause</li>" in text
    assert '<ol start="1"><li>Chamfer the pads.</li>' in text
    assert '<th scope="col">Pad</th>' in text
    assert "<td>20 degrees</td>" in text
    assert "<code>torque = 195  # Nm &amp; dry" in text
    assert re.search(r"<blockquote[^>]*><p>Somebody else said so.", text)


def test_document_names_the_people_involved_and_its_standing(client: TestClient) -> None:
    text = client.get(SQUEAL).text
    assert re.search(r'Written by</dt><dd><a href="/people/ada">Ada Marlow</a>', text)
    assert re.search(r'Reviewed by</dt><dd><a href="/people/bo">', text)
    assert '<span class="mark verified">verified</span>' in text
    assert 'href="https://library.example.org/squeal"' in text


def test_superseded_document_links_to_what_took_its_place(client: TestClient) -> None:
    assert re.search(rf'Superseded by <a href="{SQUEAL}">', client.get(OLD_SQUEAL).text)


def test_original_that_is_no_web_address_gets_no_link(client: TestClient) -> None:
    assert "javascript:" not in client.get(OLD_SQUEAL).text


def test_thread_shows_messages_with_author_likes_and_acceptance(client: TestClient) -> None:
    text = client.get(THREAD).text
    second = text[text.index('id="m-2"') : text.index('id="m-3"')]
    assert '<a href="/people/ada">Ada Marlow</a>' in second
    assert "3 likes" in second
    assert "accepted answer" in second
    assert '<time datetime="2025-03-02" title="2 March 2025">' in second


@pytest.mark.parametrize("address", ["/documents/0000000000000000", "/people/p-0", "/communities/none", "/nowhere"])
def test_what_does_not_exist_is_a_page_with_a_way_out(client: TestClient, address: str) -> None:
    page = client.get(address)
    assert page.status_code == 404
    assert "Nothing is here" in page.text
    assert '<a href="/communities">' in page.text


def test_wrong_method_is_a_page_too(client: TestClient) -> None:
    page = client.post("/communities")
    assert page.status_code == 405
    assert page.headers["content-type"].startswith("text/html")


# People and communities


def test_person_page_shows_unit_languages_communities_and_contributions(client: TestClient) -> None:
    text = client.get("/people/ada").text
    for told in ("Brake Systems", "Fulda", "speaks German, English", "steward", "9 documents", "ada@example.org"):
        assert told in text
    assert text.index("Brakes squeal") < text.index("Note 7 on pads") < text.index("Note 1 on pads")


def test_person_without_an_address_is_reached_where_they_wrote(client: TestClient) -> None:
    assert "No address is known. Reply where they last took part" in client.get("/people/bo").text


def test_person_who_has_left_is_not_offered_for_questions(client: TestClient) -> None:
    assert "mailto:" not in client.get("/people/dieter").text
    assert "has left" in client.get("/people/dieter").text


def test_community_page_shows_stewards_active_people_and_latest(client: TestClient) -> None:
    text = client.get("/communities/brakes").text
    assert "Everything that stops a train." in text
    assert re.search(r'Stewards</h2>\s*<ul class="plain">\s*<li><a href="/people/ada">', text)
    assert "of 10 documents" in text
    assert '<input type="hidden" name="community" value="brakes">' in text


# What pages say


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 20), "today"),
        (date(2026, 3, 19), "yesterday"),
        (date(2026, 3, 15), "5 days ago"),
        (date(2026, 3, 13), "a week ago"),
        (date(2026, 2, 27), "3 weeks ago"),
        (date(2026, 1, 10), "January 2026"),
        (date(2025, 3, 2), "March 2025"),
        (date(2024, 12, 31), "2024"),
        (date(2019, 6, 1), "2019"),
        (date(2026, 3, 21), "21 March 2026"),
    ],
)
def test_dates_are_said_as_people_say_them(day: date, said: str) -> None:
    assert said_date(day, TODAY) == said
    assert said_date(datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC), TODAY) == said


def test_exact_date_is_day_month_year() -> None:
    assert exact_date(datetime(2025, 3, 2, 14, 5, tzinfo=UTC)) == "2 March 2025"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 20), "last today"),
        (date(2026, 2, 27), "last 3 weeks ago"),
        (date(2025, 3, 2), "last in March 2025"),
        (date(2026, 5, 1), "last on 1 May 2026"),
    ],
)
def test_last_date_gets_the_preposition_it_needs(day: date, said: str) -> None:
    assert last_said(day, TODAY) == said


def evidence(role: Role, kind: DocumentKind, at: datetime | None) -> Evidence:
    audience = Audience(AudienceKind.PUBLIC)
    document = Document(1, "d1", "source", "uri", "Title", kind, audience, None, None, None, None, None, None)
    part = Part(1, "ada", role, at, None, 0)
    vote = Vote(part, Fit(1, 0.5, 0.5), 1.0, 1.0, 1.0, 1.0, 1, 0.5)
    return Evidence(FoundPassage(1, 0, "text", Locator(), document, 1), role, at, None, 0.5, vote)


def test_evidence_of_one_kind_is_one_phrase() -> None:
    march = datetime(2025, 3, 2, tzinfo=UTC)
    answers = [evidence(Role.ANSWERER, DocumentKind.THREAD, march) for _ in range(3)]
    answers.append(evidence(Role.ACCEPTED_ANSWERER, DocumentKind.THREAD, datetime(2022, 1, 1, tzinfo=UTC)))
    assert evidence_line(answers, TODAY) == "answered 4 threads on this, last in March 2025"


def test_evidence_of_one_noun_and_two_roles_says_the_noun_once() -> None:
    at = datetime(2024, 7, 1, tzinfo=UTC)
    told = [evidence(role, DocumentKind.DOCUMENT, at) for role in (Role.AUTHOR, Role.REVIEWER, Role.AUTHOR)]
    assert evidence_line(told, TODAY) == "wrote 2 documents and reviewed 1 on this, last in 2024"


def test_evidence_of_many_roles_and_kinds_reads_as_a_list() -> None:
    told = [
        evidence(Role.ANSWERER, DocumentKind.THREAD, None),
        evidence(Role.AUTHOR, DocumentKind.DOCUMENT, None),
        evidence(Role.AUTHOR, DocumentKind.LESSON, None),
        evidence(Role.APPROVER, DocumentKind.DOCUMENT, None),
    ]
    line = "answered 1 thread, wrote 1 document and 1 lesson, and approved 1 document on this"
    assert evidence_line(told, TODAY) == line


def test_every_role_has_a_verb() -> None:
    for role in Role:
        assert evidence_line([evidence(role, DocumentKind.DOCUMENT, None)], TODAY).endswith(" 1 document on this")


def test_numbers_come_with_their_noun() -> None:
    assert [counted(1, "like"), counted(2300, "document")] == ["1 like", "2,300 documents"]
    assert counted(2, "community") == "2 communities"


def test_shares_are_words() -> None:
    assert [share_word(share) for share in (0.9, 0.3, 0.1, 0.0)] == [
        "most of the reason",
        "a good part of it",
        "some of it",
        "a little of it",
    ]


def test_sentence_begins_with_a_capital_and_ends_once() -> None:
    assert [sentence("in March"), sentence("Done."), sentence("")] == ["In March.", "Done.", ""]


# Where links lead


@pytest.mark.parametrize(
    ("locator", "place"),
    [
        (Locator(message=3, heading="A"), "m-3"),
        (Locator(page=4, heading="A"), "p-4"),
        (Locator(line=38, heading="A › B"), "l-38-a-b"),
        (Locator(line=38), "l-38"),
        (Locator(heading="Proposal › Größe & Zahl"), "h-proposal-größe-zahl"),
        (Locator(), None),
    ],
)
def test_place_of_a_passage_is_the_most_exact_there_is(locator: Locator, place: str | None) -> None:
    assert anchor(locator) == place


def test_section_gets_the_id_that_its_passages_link_to() -> None:
    block = Block("text", headings=("The title", "Proposal", "Size"))
    headings = [piece for piece in lay_out([block], "The title") if piece.kind == "heading"]
    assert [(piece.text, piece.level) for piece in headings] == [("Proposal", 2), ("Size", 3)]
    assert headings[-1].anchor == heading_anchor("Proposal › Size")


def test_id_is_given_once_to_parts_of_one_line() -> None:
    pieces = lay_out([Block("one", line=7), Block("two", line=7)], "")
    assert [piece.anchor for piece in pieces] == ["l-7", None]


def test_page_of_a_document_is_marked_where_it_begins() -> None:
    pieces = lay_out([Block("a", page=1), Block("b", page=1), Block("c", page=2)], "")
    assert [piece.anchor for piece in pieces] == ["p-1", None, None, "p-2", None]


def test_table_rows_are_as_long_as_the_longest() -> None:
    text = "| yes | no\nfirst | 1 | 2\nlast | 3 |"
    assert lay_out([Block(text, BlockKind.TABLE)], "")[0].rows == (
        ("", "yes", "no"),
        ("first", "1", "2"),
        ("last", "3", ""),
    )


def test_line_without_a_dash_goes_on_with_the_item_above() -> None:
    items = lay_out([Block("- one\nstill one\n  1. below\n- two", BlockKind.LIST)], "")[0].items
    assert [item.text for item in items] == ["one\nstill one", "two"]
    assert [(item.text, item.number) for item in items[0].children] == [("below", 1)]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//host/x", "http://[bad", "", None])
def test_only_web_addresses_become_links_to_originals(url: str | None) -> None:
    assert outside_href(url) is None


def test_question_goes_into_the_subject_of_a_mail() -> None:
    ada = Person("ada", "Ada", address="ada@example.org")
    assert ask_href(ada, "a&b?") == "mailto:ada@example.org?subject=a%26b%3F"
    assert ask_href(Person("ada", "Ada"), "x") == "/people/ada#reach"


def test_message_of_the_evidence_wins_over_the_passage() -> None:
    document = evidence(Role.AUTHOR, DocumentKind.THREAD, None).passage.document
    assert document_href(document, Locator(message=1), 4) == "/documents/d1#m-4"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0", "Chrome on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 Safari/605.1.15", "Safari on a Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome"),
        ("curl/8.5.0", "curl"),
        ("x" * 50, "x" * 40 + "…"),
        (" ", "A browser that does not say what it is"),
        ("", "A browser that does not say what it is"),
    ],
)
def test_browsers_are_named_in_words(agent: str, said: str) -> None:
    assert browser_words(agent) == said
