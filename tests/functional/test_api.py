from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Community, DirectoryRecords, Visibility
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.store import Transaction, documents, people
from service.app import create_app
from tests.conftest import IndexedHome
from tests.fakes import index_home, settings_for, write_thread


@pytest.fixture(scope="module")
def client(sample_home: IndexedHome) -> Iterator[TestClient]:
    app = create_app(sample_home.settings, Home(sample_home.settings.home), open_encoder(sample_home.settings.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as started:
        yield started


def get(client: TestClient, path: str, **query: Any) -> Any:
    response = client.get(f"/api/v1{path}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def test_an_answer_has_passages_and_people_with_evidence(client: TestClient) -> None:
    found = get(client, "/search", q="caliper bracket bolt torque")
    first = found["passages"][0]
    assert first["community"]["slug"] == "brakes"
    assert any(matched for _, matched in first["extract"])
    assert found["people"][0]["evidence"][0]["title"]
    assert found["verdict"]["kind"] in {"read", "both"}
    assert found["degraded"] is None
    assert sum(share["share"] for share in found["communities"]) == pytest.approx(1, abs=0.05)


def test_one_passage_stands_for_a_document(client: TestClient) -> None:
    found = get(client, "/search", q="brake", limit=50)
    ids = [passage["document"]["id"] for passage in found["passages"]]
    assert len(ids) == len(set(ids)) > 20


def test_an_error_code_finds_its_items_first(client: TestClient) -> None:
    found = get(client, "/search", q="DCU-F209")
    texts = ["".join(text for text, _ in passage["extract"]) for passage in found["passages"][:1]]
    assert all("DCU-F209" in text for text in texts)


def test_pages_follow_each_other_without_gap_or_repetition(client: TestClient) -> None:
    whole = get(client, "/search", q="door", limit=30)
    paged: list[str] = []
    cursor = None
    for _ in range(3):
        page = get(client, "/search", q="door", limit=10, **({"cursor": cursor} if cursor else {}))
        paged += [passage["id"] for passage in page["passages"]]
        cursor = page["next"]
    assert paged == [passage["id"] for passage in whole["passages"]]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"community": "doors"}, lambda p: p["community"]["slug"] == "doors"),
        ({"kind": "thread"}, lambda p: p["document"]["kind"] == "thread"),
        ({"since": "2025-01-01"}, lambda p: p["document"]["updated"] >= "2025-01-01"),
        ({"until": "2020-12-31"}, lambda p: p["document"]["updated"] <= "2020-12-31"),
    ],
)
def test_filters_hold_for_every_passage(client: TestClient, query: dict[str, str], holds: Any) -> None:
    found = get(client, "/search", q="how to check the brakes and doors", limit=50, **query)
    assert found["passages"]
    assert all(holds(passage) for passage in found["passages"])


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"q": "brake", "since": "yesterday"}, "yesterday"),
        ({"q": "brake", "since": "2025-02-30"}, "2025-02-30"),
        ({"q": "brake", "since": "2025-01-01", "until": "2024-01-01"}, "swap"),
        ({"q": "brake", "kind": "memo"}, "kind"),
        ({"q": "brake", "community": "astrology"}, "astrology"),
        ({"q": "brake", "cursor": "tampered"}, "cursor"),
        ({"q": "brake", "limit": "1000"}, "limit"),
        ({"q": "   "}, "empty"),
        ({}, "q"),
    ],
)
def test_what_cannot_be_understood_is_a_problem_that_names_it(
    client: TestClient, query: dict[str, str], told: str
) -> None:
    response = client.get("/api/v1/search", params=query)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert told in response.json()["detail"]


@pytest.mark.parametrize("path", ["/people/nobody", "/communities/nowhere", "/documents/0000", "/nothing"])
def test_what_does_not_exist_is_a_problem_with_404(client: TestClient, path: str) -> None:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 404
    assert response.json()["status"] == 404


def test_strange_questions_are_answered_or_refused_but_never_break(client: TestClient) -> None:
    for question in (
        "💥" * 50,
        "'; DROP TABLE documents; --",
        "\x00\x01",
        "a" * 2000,
        "🇨🇭 制动",
        "<script>",
        "%00",
        "()",
    ):
        assert client.get("/api/v1/search", params={"q": question}).status_code in {200, 422}


def test_a_person_has_communities_and_documents(client: TestClient) -> None:
    person = get(client, "/people/camille-roussel")
    assert person["name"] == "Camille Roussel"
    assert "doors" in {entry["community"]["slug"] for entry in person["communities"]}
    assert person["documents"]


def test_a_document_has_text_people_and_its_successor(client: TestClient) -> None:
    found = get(client, "/search", q="SL-80 closing force 2017", until="2018-01-01")
    document = get(client, f"/documents/{found['passages'][0]['document']['id']}")
    assert document["marks"] == ["superseded"]
    assert "closing force" in document["superseded_by"]["title"]
    assert document["blocks"]
    assert document["contributors"][0]["role"] == "author"


def test_the_private_community_is_unknown_to_the_public(client: TestClient) -> None:
    assert "incidents" not in {entry["slug"] for entry in get(client, "/communities")["communities"]}
    assert client.get("/api/v1/communities/incidents").status_code == 404
    assert client.get("/api/v1/search", params={"q": "rollaway", "community": "incidents"}).status_code == 422
    person = get(client, "/people/margaret-osei")
    assert "incidents" not in {entry["community"]["slug"] for entry in person["communities"]}


def test_health_says_what_serves(client: TestClient, sample_home: IndexedHome) -> None:
    found = get(client, "/health")
    assert (found["status"], found["generation"]) == ("ok", sample_home.result.generation)


def test_the_description_names_every_operation(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    operations = {operation["operationId"] for path in described["paths"].values() for operation in path.values()}
    assert operations >= {
        "search",
        "rank_people",
        "get_person",
        "list_communities",
        "get_community",
        "get_document",
        "get_health",
    }


def test_an_empty_home_answers_503_and_says_what_to_do(tmp_path: Any) -> None:
    settings = settings_for(tmp_path, [])
    home = Home(settings.home)
    home.prepare()
    with TestClient(create_app(settings, home, open_encoder(settings.encoder))) as started:
        response = started.get("/api/v1/search", params={"q": "brake"})
        assert response.status_code == 503
        assert "knowwho index" in response.json()["detail"]
        assert get(started, "/health")["status"] == "empty"


def test_until_the_model_is_loaded_words_alone_are_searched_and_the_answer_says_so(sample_home: IndexedHome) -> None:
    app = create_app(sample_home.settings, Home(sample_home.settings.home), open_encoder(sample_home.settings.encoder))
    found = get(TestClient(app), "/search", q="BCU-E4711")
    assert "word matches" in found["degraded"]
    assert found["passages"]
    app.state.parts.home.close()


@pytest.fixture
def small(tmp_path: Any) -> Iterator[tuple[TestClient, Home]]:
    strips = ("ivy", "Strips wear fast?"), ("minl", "Check the horn.")
    force = ("ivy", "Which force?"), ("rui", "Seventy newtons.")
    (tmp_path / "chat.jsonl").write_text(
        write_thread("t1", "Pantograph carbon strips", *strips, community="roof")
        + write_thread("t2", "Pantograph head force", *force, community="roof")
    )
    generous = {"known": 0.01, "read": 0.1, "ask": 0.01}
    source = {"name": "chat", "kind": "threads", "path": "chat.jsonl"}
    settings = settings_for(tmp_path, [source], verdict=generous)
    index_home(settings)
    home = Home(settings.home)
    app = create_app(settings, home, open_encoder(settings.encoder))
    app.state.parts.index.load_model()
    with TestClient(app) as started:
        yield started, home


def shown(client: TestClient) -> tuple[set[str], set[str]]:
    found = get(client, "/search", q="pantograph")
    return {p["document"]["title"] for p in found["passages"]}, {p["name"] for p in found["people"]}


def change(home: Home, title: str, how: Any) -> None:
    with home.database.begin() as transaction:
        listed = documents.list_documents(transaction, documents.all_audiences(transaction), limit=10)
        how(transaction, next(document for document in listed if document.title == title))


def test_a_closed_document_is_gone_at_once_with_the_people_it_spoke_for(small: tuple[TestClient, Home]) -> None:
    client, home = small
    assert shown(client) == ({"Pantograph carbon strips", "Pantograph head force"}, {"ivy", "minl", "rui"})
    members = Audience(AudienceKind.MEMBERS, "roof")
    change(home, "Pantograph head force", lambda tx, document: documents.set_audience(tx, document.id, members))
    assert shown(client) == ({"Pantograph carbon strips"}, {"ivy", "minl"})


def test_a_community_that_closes_takes_its_documents_out_of_sight_at_once(small: tuple[TestClient, Home]) -> None:
    client, home = small

    def close(transaction: Transaction) -> None:
        closed = Community("roof", "Roof", visibility=Visibility.MEMBERS)
        people.apply_directory(transaction, DirectoryRecords(communities=(closed,)))

    with home.database.begin() as transaction:
        close(transaction)
    assert shown(client) == (set(), set())
