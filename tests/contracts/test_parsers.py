"""What every parser keeps: only DocumentUnreadable is raised, and texts are fit for a database and for JSON."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.domain.content import ItemState
from indexer.domain.errors import DocumentUnreadable
from indexer.parsing import registry
from indexer.parsing.frames import ANSWER, Answer
from tests.unit.parsing.samples import one_of_each

SAMPLES = one_of_each()
FORMATS = sorted(SAMPLES)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(name, content):
    """The document or None; that it is as it should be is checked here."""
    _, hints = SAMPLES[name]
    try:
        document = registry._parser(name).parse(content, hints)
    except DocumentUnreadable as error:
        refusal = error
    else:
        check(document)
        return document
    assert refusal.state not in (ItemState.OK, ItemState.PARTIAL)
    assert refusal.reason
    return None


def check(document):
    assert document.title.strip()
    assert document.blocks
    assert (document.state is ItemState.OK) == (document.reason is None)
    spoken = [document.title, *(text for block in document.blocks for text in (block.text, *block.headings))]
    for text in spoken:
        assert text.strip()
        assert "\x00" not in text
        assert not any("\ud800" <= character <= "\udfff" for character in text)
    assert ANSWER.validate_json(ANSWER.dump_json(Answer(document=document))).document == document


@pytest.mark.parametrize("name", FORMATS)
def test_a_real_file_is_read(name):
    assert read(name, SAMPLES[name][0]).state is ItemState.OK


@pytest.mark.parametrize("name", FORMATS)
@FEW
@given(content=st.binary(max_size=400))
def test_arbitrary_bytes_are_read_or_refused(name, content):
    read(name, content)


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_read_or_refused(name):
    content = SAMPLES[name][0]
    for part in range(1, 40):
        read(name, content[: len(content) * part // 40])


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_with_flipped_bytes_is_read_or_refused(name):
    chance = random.Random(7)
    for _ in range(40):
        content = bytearray(SAMPLES[name][0])
        for _ in range(chance.randint(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        read(name, bytes(content))


@pytest.mark.parametrize("name", FORMATS)
@FEW
@given(text=st.text(st.characters(), max_size=200))
def test_any_text_is_read_or_refused(name, text):
    read(name, text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(("name", "field"), [("topic", "cooked"), ("thread", "text"), ("record", "text")])
@FEW
@given(text=st.text(st.characters(), max_size=200))
def test_any_text_inside_json_is_read_or_refused(name, field, text):
    inside = {field: text, "username": text, "author": text, "heading": text, "post_number": 1}
    whole = {"title": text, "post_stream": {"posts": [inside]}, "messages": [inside], "sections": [inside]}
    read(name, json.dumps(whole).encode())
