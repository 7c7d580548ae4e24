import json

import httpx
import pytest

from indexer.domain.content import DocumentKind, ItemState
from indexer.domain.errors import DocumentUnreadable, SourceUnavailable
from indexer.notation import DISCOURSE_TOPIC
from indexer.settings import ForumSource
from indexer.sources import discourse, open_source
from tests.unit.sources.discourse_site import running_site
from tests.unit.sources.places import LIMIT, fetch, revisions, uris, write


@pytest.fixture
def site():
    with running_site() as running:
        yield running


def forum(limit=LIMIT, **more):
    return open_source(ForumSource(name="forum", kind="forum", **more), limit)


def categories(**named):
    listed = [{"id": int(number.lstrip("c")), "name": name} for number, name in named.items()]
    return json.dumps({"category_list": {"categories": listed}})


def posts_of(item):
    return [post["post_number"] for post in json.loads(item.content)["post_stream"]["posts"]]


def test_an_exported_topic_is_a_thread_of_its_category(tmp_path):
    write(tmp_path / "f" / "categories.json", categories(c4="Brakes", c5="Doors"))
    write(tmp_path / "f" / "topics" / "pads.7.json", '{"id": 7, "slug": "pads", "category_id": 5}')
    item = fetch(forum(path=tmp_path / "f", url="https://f.example/t/{slug}/{id}"), "topics/pads.7.json")
    assert item.media_type == DISCOURSE_TOPIC
    assert (item.metadata.kind, item.metadata.community) == (DocumentKind.THREAD, "Doors")
    assert item.metadata.url == "https://f.example/t/pads/7"


def test_a_category_that_nobody_names_goes_by_its_number(tmp_path):
    write(tmp_path / "f" / "1.json", '{"id": 1, "category_id": 9}')
    write(tmp_path / "f" / "2.json", '{"id": 2, "category_id": null}')
    assert fetch(forum(path=tmp_path / "f"), "1.json").metadata.community == "9"
    assert fetch(forum(path=tmp_path / "f"), "2.json").metadata.community is None


def test_only_the_list_of_categories_is_no_topic(tmp_path):
    for name in ("categories.json", "renaming-our-categories.json", "notes.txt"):
        write(tmp_path / "f" / name, "{}")
    assert uris(forum(path=tmp_path / "f")) == ["renaming-our-categories.json"]


def test_a_renamed_category_changes_the_topics(tmp_path):
    write(tmp_path / "f" / "1.json", '{"id": 1, "category_id": 4}')
    write(tmp_path / "f" / "categories.json", categories(c4="Brakes"))
    before = revisions(forum(path=tmp_path / "f"))
    write(tmp_path / "f" / "categories.json", categories(c4="Brakes, closed"))
    assert revisions(forum(path=tmp_path / "f")) != before


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, "\ud800"])
def test_a_file_that_is_no_topic_is_unreadable_and_the_others_are_read(tmp_path, content):
    write(tmp_path / "f" / "a.json", "{}")
    (tmp_path / "f" / "b.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    assert fetch(forum(path=tmp_path / "f"), "a.json").content == b"{}"
    with pytest.raises(DocumentUnreadable, match="JSON") as refusal:
        fetch(forum(path=tmp_path / "f"), "b.json")
    assert refusal.value.state is ItemState.FAILED


def test_a_broken_list_of_categories_is_named(tmp_path):
    write(tmp_path / "f" / "1.json", '{"id": 1, "category_id": 4}')
    write(tmp_path / "f" / "categories.json", "{")
    with pytest.raises(DocumentUnreadable, match=r"categories\.json cannot be read"):
        fetch(forum(path=tmp_path / "f"), "1.json")


def test_an_exported_topic_over_the_limit_is_skipped(tmp_path):
    write(tmp_path / "f" / "1.json", '{"id": 1}' + " " * LIMIT)
    with pytest.raises(DocumentUnreadable, match="at most 1 MB"):
        fetch(forum(path=tmp_path / "f"), "1.json")


def test_a_live_forum_is_listed_over_all_pages(site):
    for number in range(1, 6):
        site.add_topic(number, f"Topic {number}")
    assert uris(forum(address=site.address + "/")) == ["5", "4", "3", "2", "1"]


def test_a_site_that_repeats_its_last_page_does_not_keep_us_forever(site):
    site.add_topic(1, "Topic")
    page = {"topic_list": {"topics": [{"id": 1}], "more_topics_url": "/latest?page=1"}}
    site.answers["/latest.json"] = (200, {}, json.dumps(page).encode())
    assert uris(forum(address=site.address)) == ["1"]


def test_a_live_topic_is_fetched_with_all_its_posts_in_order(site):
    site.add_topic(7, "Long", posts=233)
    item = fetch(forum(address=site.address), "7")
    assert posts_of(item) == list(range(1, 234))
    assert (item.metadata.community, item.metadata.url) == ("Brakes", f"{site.address}/t/7")


def test_subcategories_have_names_too(site):
    site.add_topic(7, "Pads", category_id=41)
    assert fetch(forum(address=site.address), "7").metadata.community == "Pads"


def test_a_busy_site_is_asked_again(site):
    site.busy_every = 2
    site.add_topic(7, "Long", posts=45)
    assert posts_of(fetch(forum(address=site.address), "7")) == list(range(1, 46))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_topic_that_is_gone_or_closed_to_us_is_unreadable(site, status):
    site.add_topic(7, "Private")
    site.answers["/t/7.json"] = (status, {}, b"{}")
    with pytest.raises(DocumentUnreadable, match=str(status)):
        fetch(forum(address=site.address), "7")


def test_a_live_topic_over_the_limit_is_skipped(site):
    site.add_topic(7, "Long", posts=45)
    with pytest.raises(DocumentUnreadable, match="at most 0 MB"):
        fetch(forum(address=site.address, limit=999), "7")


@pytest.mark.parametrize(
    ("status", "body"), [(403, b"{}"), (500, b"{}"), (200, b"<html>"), (200, b'{"ok": 1}'), (200, b"[]")]
)
def test_a_site_that_does_not_answer_like_discourse_is_an_outage_that_names_it(site, status, body):
    site.answers["/latest.json"] = (status, {}, body)
    with pytest.raises(SourceUnavailable, match=rf"{site.address}/latest\.json"):
        uris(forum(address=site.address))


def test_a_site_that_cannot_be_reached_is_an_outage(site, monkeypatch):
    monkeypatch.setattr(discourse, "TRIES", 1)
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        uris(forum(address="http://127.0.0.1:1"))


def test_a_site_may_ask_for_patience_in_words_that_are_no_number():
    for asked, seconds in (("7", 7), ("9999", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.5), ("²", 0.5)):
        response = httpx.Response(429, headers=[(b"Retry-After", asked.encode("latin-1"))])
        assert discourse._wait_seconds(response, 1) == seconds


def test_the_key_goes_to_the_site_and_not_to_where_it_sends_us(site):
    site.add_topic(7, "Pads")
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    site.answers["/t/7.json"] = (302, {"Location": f"{elsewhere}/t/moved.json"}, b"")
    site.answers["/t/moved.json"] = (200, {}, b'{"id": 7}')
    fetch(forum(address=site.address, api_key="secret", api_user="reader"), "7")
    keys = {path.split("?")[0]: headers.get("Api-Key") for path, headers in site.requests}
    assert keys["/t/7.json"] == "secret"
    assert keys["/t/moved.json"] is None
