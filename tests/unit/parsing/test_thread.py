from datetime import UTC, datetime

import pytest

from indexer.domain.content import BlockKind, Credit, DocumentKind, ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.notation import DISCOURSE_TOPIC, KNOWWHO_THREAD
from tests.unit.parsing.samples import parse, post, texts, thread, topic


def read_topic(*posts, **more):
    return parse(topic(*posts, **more), "t/1", media_type=DISCOURSE_TOPIC)


def read_thread(*messages, **more):
    return parse(thread(*messages, **more), "t/1", media_type=KNOWWHO_THREAD)


def test_a_topic_is_a_thread_with_messages_credited_to_their_writers():
    document = read_topic(
        post(1, "ann", "<p>How?</p>", name="Ann Lee"),
        post(2, "bob", "<p>So.</p>", accepted_answer=True, reply_to_post_number=1),
        post(3, "ann", "<p>Thanks.</p>", name="Ann Lee"),
        post(4, "carol", "<p>Or so.</p>", actions_summary=[{"id": 2, "count": 5}]),
    )
    assert (document.title, document.metadata.kind) == ("10,000 grass nodes", DocumentKind.THREAD)
    roles = [Role.ASKER, Role.ACCEPTED_ANSWERER, Role.ASKER, Role.ANSWERER]
    assert [message.credit.role for message in document.messages] == roles
    moment = datetime(2016, 11, 12, 0, 50, 54, tzinfo=UTC)
    assert document.messages[1].credit == Credit(Role.ACCEPTED_ANSWERER, name="bob", handle="bob", at=moment)
    assert document.messages[0].credit.name == "Ann Lee"
    assert (document.messages[1].accepted, document.messages[1].reply_to) == (True, 1)
    assert document.messages[3].likes == 5
    assert [block.message for block in document.blocks] == [1, 2, 3, 4]
    assert document.metadata.credits == ()
    assert document.metadata.updated == datetime(2016, 11, 14, 0, 50, 54, tzinfo=UTC)


def test_the_topic_may_name_the_accepted_answer():
    document = read_topic(post(1, "ann", "<p>a</p>"), post(2, "bob", "<p>b</p>"), accepted_answer={"post_number": 2})
    assert document.messages[1].credit.role is Role.ACCEPTED_ANSWERER


def test_whoever_accepts_their_own_answer_stays_the_asker():
    document = read_topic(post(1, "ann", "<p>a</p>"), post(2, "ann", "<p>b</p>", accepted_answer=True))
    assert document.messages[1].credit.role is Role.ASKER


def test_actions_whispers_deleted_and_hidden_posts_are_dropped():
    document = read_topic(
        post(1, "ann", "<p>shown</p>"),
        post(2, "bob", "<p>x</p>", post_type=3),
        post(3, "bob", "<p>x</p>", post_type=4),
        post(4, "bob", "<p>x</p>", deleted_at="2020-01-01"),
        post(5, "bob", "<p>x</p>", user_deleted=True),
        post(6, "bob", "<p>x</p>", hidden=True),
    )
    assert texts(document) == ["shown"]
    assert len(document.messages) == 1


def test_quotes_code_and_pictures_in_a_post():
    document = read_topic(
        post(
            1,
            "ann",
            '<aside class="quote"><div class="title">bob:</div><blockquote><p>old</p></blockquote></aside>'
            "<p>new<br>line</p><blockquote>said</blockquote><pre><code>a = 1\n  b</code></pre>"
            '<div class="lightbox-wrapper"><a class="lightbox"><div class="meta">800x600</div></a></div>'
            '<p><img class="emoji" alt=":smile:"> ok</p>',
        )
    )
    assert texts(document, BlockKind.QUOTE) == ["old", "said"]
    assert texts(document, BlockKind.CODE) == ["a = 1\n  b"]
    assert texts(document, BlockKind.PARAGRAPH) == ["new\nline", "ok"]


def test_a_topic_given_in_part_says_so():
    document = parse(
        topic(post_stream={"posts": [post(1, "ann", "<p>a</p>")], "stream": [11, 12, 13]}),
        "t/1",
        media_type=DISCOURSE_TOPIC,
    )
    assert (document.state, document.reason) == (ItemState.PARTIAL, "only 1 of 3 messages are in the file")


@pytest.mark.parametrize(("more", "state"), [({"archetype": "private_message"}, ItemState.SKIPPED), ({}, ItemState.OK)])
def test_private_conversations_are_not_read(more, state):
    try:
        ended = read_topic(post(1, "ann", "<p>a</p>"), **more).state
    except DocumentUnreadable as error:
        ended = error.state
    assert ended is state


def test_our_own_thread_carries_what_its_source_knows():
    document = read_thread(
        {"author": {"handle": "ann", "name": "Ann Lee"}, "at": 1577923200, "text": "How do I *resize*?"},
        {
            "author": "@bob",
            "at": "2020-01-03",
            "text": "> How\nUse `resize`.\n\n    make\n",
            "likes": 2,
            "accepted": True,
        },
        community="node",
        audience="members",
        url="https://x.org/7",
    )
    assert document.metadata.community == "node"
    assert (document.metadata.audience, document.metadata.url) == ("members", "https://x.org/7")
    assert document.metadata.created == datetime(2020, 1, 2, tzinfo=UTC)
    assert document.metadata.updated == datetime(2020, 1, 3, tzinfo=UTC)
    assert [message.number for message in document.messages] == [1, 2]
    assert document.messages[1].credit.handle == "bob"
    assert document.messages[1].likes == 2
    assert texts(document, BlockKind.PARAGRAPH) == ["How do I resize?", "Use resize."]
    assert texts(document, BlockKind.QUOTE) == ["How"]
    assert texts(document, BlockKind.CODE) == ["make"]


def test_a_message_whose_number_is_taken_gets_the_next_free_one():
    found = read_thread(
        {"number": 1, "author": "ivy", "text": "Why?"},
        {"number": 3, "author": "bo", "text": "Because."},
        {"number": 3, "author": "cem", "text": "Not so."},
    )
    assert [message.number for message in found.messages] == [1, 3, 4]
    assert [block.message for block in found.blocks] == [1, 3, 4]


def test_angle_brackets_and_ruled_lines_of_a_message_are_its_words():
    document = read_thread({"author": "ann", "text": "std::vector<int> fails\n----\nthere"})
    assert "std::vector<int> fails" in " ".join(texts(document))


def test_marks_of_quotation_inside_fences_are_code():
    document = read_thread({"author": "ann", "text": "```\n> prompt\n```\n"})
    assert texts(document, BlockKind.CODE) == ["> prompt"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"{}", b'{"post_stream": 3}', b'{"messages": [1, null]}', b"[" * 9999]
)
@pytest.mark.parametrize("media_type", [DISCOURSE_TOPIC, KNOWWHO_THREAD])
def test_json_of_another_shape_is_unreadable(content, media_type):
    with pytest.raises(DocumentUnreadable):
        parse(content, "t", media_type=media_type)


@pytest.mark.parametrize(
    "text",
    [
        "one line",
        "  indented\nand  spaced \n   lines\n\n\nnext paragraph\n \nlast",
        "a - b + c = d # e 1. f 2) g > h: no list, no heading",
        "\u00a0\nwide\u3000space\n\n\u00a0",
        "mail@example.org, http://example.org/~ann and 50 % (!)",
        "ends with blanks   \n\n",
    ],
)
def test_a_message_without_markup_reads_as_it_does_before_a_paragraph_with_some(text):
    plain, marked = (read_thread({"text": told}).blocks for told in (text, f"{text}\n\n`code`"))
    assert [(b.text, b.kind, b.line) for b in plain] == [(b.text, b.kind, b.line) for b in marked[:-1]]
    assert marked[-1].text == "code"
