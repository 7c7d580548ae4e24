from datetime import UTC, datetime

from indexer.domain.content import BlockKind, Credit, DocumentKind, ItemState, Mark
from indexer.domain.people import Role
from tests.unit.parsing.samples import block_with, parse, texts


def read(text, file_name="a.md"):
    return parse(text, file_name)


def test_headings_make_the_path_of_what_follows():
    document = read("# Guide\n\nIntro\n\n## Setup\n\n### Linux\n\nRun it.\n\n## Use\n\nTry it.\n")
    assert block_with(document, "Intro").headings == ("Guide",)
    assert block_with(document, "Run").headings == ("Guide", "Setup", "Linux")
    assert block_with(document, "Try").headings == ("Guide", "Use")


def test_lines_count_from_one_in_the_file_front_matter_included():
    document = read("---\ntitle: T\n---\n\nFirst\n\nSecond\n")
    assert [block.line for block in document.blocks] == [5, 7]


def test_lists_tables_code_and_quotes_have_their_kinds():
    document = read("- one\n  1. two\n\n```go\nx := 1\n\ny\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n> said *he*\n")
    assert texts(document, BlockKind.LIST) == ["- one\n 1. two".replace("\n ", "\n")]
    assert texts(document, BlockKind.CODE) == ["x := 1\n\ny"]
    assert texts(document, BlockKind.TABLE) == ["A | B\n1 | 2"]
    assert texts(document, BlockKind.QUOTE) == ["said he"]


def test_code_inside_a_list_is_code():
    document = read("1. run\n\n   ```\n   make\n   ```\n\n2. look\n")
    assert texts(document, BlockKind.CODE) == ["make"]
    assert texts(document, BlockKind.LIST) == ["1. run", "2. look"]


def test_links_keep_their_text_and_images_their_description():
    document = read("See [the *guide*](https://x.org/long) and ![a pump](pump.png).<!-- hidden -->")
    assert texts(document) == ["See the guide and a pump."]


def test_comments_are_dropped_and_html_keeps_its_words():
    document = read("<!--\nTemplate text.\n\nMore of it.\n-->\n\n<details><summary>Why</summary>Because.</details>\n")
    assert texts(document) == ["Why\nBecause."]


def test_a_table_of_contents_is_dropped_and_other_lists_of_links_stay():
    document = read("- [A](#a)\n  - [B](#b)\n\ntext\n\n- [Site](https://x.org)\n- [C](#c) is new\n")
    assert texts(document) == ["text", "- Site\n- C is new"]


def test_front_matter_becomes_metadata():
    document = read(
        "---\ntitle: Valves\nauthors:\n  - '@ann'\n  - name: Bob Day\n    email: bob@x.org\nreviewers: Carol Poe\n"
        "date: 2020-01-02\nlast_updated: 2021-02-03\nstatus: draft\nkind: lesson\ncommunity: pumps\n"
        "superseded-by: [kep/2]\n---\n\n# Other title\n\nText\n"
    )
    metadata = document.metadata
    assert document.title == "Valves"
    assert metadata.credits == (
        Credit(Role.AUTHOR, handle="ann"),
        Credit(Role.AUTHOR, name="Bob Day", address="bob@x.org"),
        Credit(Role.REVIEWER, name="Carol Poe"),
    )
    assert (metadata.created, metadata.updated) == (datetime(2020, 1, 2, tzinfo=UTC), datetime(2021, 2, 3, tzinfo=UTC))
    assert (metadata.mark, metadata.kind) == (Mark.DRAFT, DocumentKind.LESSON)
    assert (metadata.community, metadata.superseded_by) == ("pumps", "kep/2")


def test_broken_front_matter_is_partial_and_keeps_the_text():
    document = read("---\nauthors: @ann\n---\n\nText\n")
    assert document.state is ItemState.PARTIAL
    assert "front matter is not valid YAML (line 2" in document.reason
    assert texts(document) == ["authors: @ann", "Text"]


def test_yaml_that_is_no_mapping_is_text():
    document = read("---\nJust a line between rules\n---\n\nText\n")
    assert document.state is ItemState.OK
    assert block_with(document, "Text").headings == ("Just a line between rules",)


def test_the_title_falls_back_on_the_first_heading_then_on_the_file():
    assert read("# Pumps\n\ntext", "x/README.md").title == "Pumps"
    assert read("text", "keps/127-user-namespaces/README.md").title == "127 user namespaces"
    assert read("text\n\n" * 9 + "# Late\n\ntext", "docs/pumps.md").title == "Pumps"
    assert read("text", "docs/pump_check-list.md").title == "Pump check list"


def test_lines_of_a_paragraph_are_joined_with_and_without_markup():
    document = read("one \n  two\nthree\n\none \n  *two*\nthree\n\none  \ntwo\n")
    assert texts(document) == ["one two three", "one two three", "one\ntwo"]
