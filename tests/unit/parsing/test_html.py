from datetime import UTC, datetime

from indexer.domain.content import BlockKind, Credit
from indexer.domain.people import Role
from tests.unit.parsing.samples import block_with, parse, texts


def read(body, head=""):
    return parse(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>", "page.html")


def test_what_surrounds_the_article_is_dropped():
    document = read(
        "<nav>Home</nav><header>Logo</header><main><p>Text</p><script>x()</script></main>"
        "<aside>Ads</aside><form>Search</form><footer>Imprint</footer>"
    )
    assert texts(document) == ["Text"]


def test_the_only_article_is_preferred_to_the_body():
    assert texts(read("<div>Menu</div><article><p>Story</p></article>")) == ["Story"]


def test_a_page_whose_main_is_empty_is_read_whole():
    assert texts(read("<main></main><p>Text</p>")) == ["Text"]


def test_headings_lists_tables_and_code_have_their_kinds():
    document = read(
        "<h1>Guide</h1><p>Intro<br>line</p><h2>Steps</h2><ol><li>one<ul><li>inner</li></ul></li><li>two</li></ol>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table><pre>if x:\n    y</pre>"
        "<blockquote>said</blockquote>"
    )
    assert texts(document, BlockKind.PARAGRAPH) == ["Intro\nline"]
    assert texts(document, BlockKind.LIST) == ["1. one\n- inner\n2. two"]
    assert texts(document, BlockKind.TABLE) == ["A | B\n1 | 2"]
    assert texts(document, BlockKind.CODE) == ["if x:\n    y"]
    assert texts(document, BlockKind.QUOTE) == ["said"]
    assert block_with(document, "if x").headings == ("Guide", "Steps")


def test_inline_elements_do_not_part_a_paragraph():
    assert texts(read("<p>The <b>left</b> <a href='#'>val<i>ve</i></a>\n leaks</p>")) == ["The left valve leaks"]


def test_loose_text_between_blocks_is_kept_in_order():
    assert texts(read("one<div>two</div>three<p>four</p>")) == ["one", "two", "three", "four"]


def test_a_table_that_lays_out_a_page_is_no_table():
    document = read("<table><tr><td><h2>News</h2><p>Text</p></td></tr></table>")
    assert texts(document, BlockKind.PARAGRAPH) == ["Text"]


def test_metadata_comes_from_the_head():
    head = (
        "<title>Valves &amp; pumps</title><meta name=author content='Ann Lee'>"
        "<meta property='article:published_time' content='2020-01-02T00:00:00Z'>"
        "<meta name='dcterms.modified' content='2021-02-03'>"
    )
    document = read("<p>Text</p>", head)
    assert document.title == "Valves & pumps"
    assert document.metadata.credits == (Credit(Role.AUTHOR, name="Ann Lee"),)
    assert document.metadata.created == datetime(2020, 1, 2, tzinfo=UTC)
    assert document.metadata.updated == datetime(2021, 2, 3, tzinfo=UTC)


def test_the_declared_charset_is_used():
    page = '<html><head><meta charset="windows-1251"></head><body><p>вентиль</p></body></html>'
    assert texts(parse(page.encode("cp1251"), "a.html")) == ["вентиль"]


def test_deep_nesting_is_read():
    assert texts(read("<div>" * 200 + "bottom")) == ["bottom"]
    assert texts(read("<p>x</p>" + "<ul><li>a" * 100))[0] == "x"
