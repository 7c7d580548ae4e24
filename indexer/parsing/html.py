"""Reads HTML: whole pages, and the fragments that forums and mail carry."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from indexer.domain.content import BlockKind, ItemMetadata, ParsedDocument
from indexer.domain.people import Role
from indexer.notation import credits_from, decode_text, one_line, parse_when
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.titles import sensible_title

_Element = etree._Element

MAX_DEPTH = 120
_NEVER_SHOWN = frozenset(
    re.findall(
        r"\w+",
        """script style noscript template svg math iframe object embed canvas audio video head title button select
        textarea input option datalist map""",
    )
)
_INLINE = frozenset(
    re.findall(
        r"\w+",
        """a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark nobr q rp rt ruby s
        samp small span strike strong sub sup time tt u var wbr""",
    )
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_SPACES = re.compile(r"[ \t\r\f\n]+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.I)

_AUTHOR_NAMES = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")
_CREATED_NAMES = (
    "article:published_time",
    "date",
    "dcterms.created",
    "dc.date.created",
    "dcterms.date",
    "dc.date",
    "citation_publication_date",
)
_UPDATED_NAMES = ("article:modified_time", "dcterms.modified", "dc.date.modified", "og:updated_time", "last-modified")


@dataclass(frozen=True, slots=True)
class HtmlRules:
    """Which elements are not text of the writer: dropped ones, by tag or class, and those that quote others."""

    dropped: frozenset[str]
    dropped_classes: frozenset[str] = frozenset()
    quoting: frozenset[str] = frozenset({"blockquote"})


PAGE = HtmlRules(dropped=_NEVER_SHOWN | {"nav", "header", "footer", "aside", "form"})
MAIL = HtmlRules(dropped=_NEVER_SHOWN)


class HtmlParser:
    """Web pages and saved articles, without what surrounds the article."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        decoded = decode_text(content, hints.encoding or _declared_charset(content))
        root = html_root(decoded.text)
        blocks = BlockWriter(hints)
        if decoded.problem:
            blocks.problem(decoded.problem)
        if root is not None:
            with unreadable_if_damaged("The page is damaged"):
                _read_page(blocks, root)
        return blocks.document(_title(root), _metadata(root))


def html_root(text: str) -> _Element | None:
    """The root element of a page or fragment; None where there is none."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


class HtmlReader:
    """Walks an element and adds its headings, paragraphs, lists, tables, code and quotes to `blocks`."""

    def __init__(self, blocks: BlockWriter, rules: HtmlRules) -> None:
        self._blocks = blocks
        self._rules = rules
        self._run: list[str] = []  # inline text since the last block

    def read(self, element: _Element, depth: int = 0) -> None:
        """Adds everything inside `element`."""
        self._run.append(element.text or "")
        for child in element:
            if not self._is_dropped(child):
                self._read_child(child, depth)
            self._run.append(child.tail or "")
        self._flush()

    def _read_child(self, child: _Element, depth: int) -> None:
        tag = str(child.tag)
        if tag == "br":
            self._run.append(_BREAK)
        elif tag in _INLINE and not (len(child) and _holds_blocks(child)):
            self._run.append(self._marked_text(child))
        else:
            self._flush()
            self._read_block(child, tag, depth)

    def _read_block(self, child: _Element, tag: str, depth: int) -> None:
        if tag in self._rules.quoting:
            self._blocks.add(self._quoted_text(child), BlockKind.QUOTE)
        elif tag in _HEADINGS:
            self._blocks.heading(int(tag[1]), self._text(child))
        elif tag == "pre":
            self._blocks.add(_code_text(child), BlockKind.CODE)
        elif tag in _LISTS:
            self._blocks.add("\n".join(self._list_lines(child)), BlockKind.LIST)
        elif tag == "table" and _is_data_table(child):
            self._blocks.add("\n".join(self._table_lines(child)), BlockKind.TABLE)
        elif depth >= MAX_DEPTH:
            self._blocks.add(self._text(child))
        else:
            self.read(child, depth + 1)

    def _flush(self) -> None:
        if self._run:
            text = _plain("".join(self._run))
            self._run.clear()
            if text:
                self._blocks.add(text)

    def _is_dropped(self, element: _Element) -> bool:
        if not isinstance(element.tag, str) or element.tag in self._rules.dropped:
            return True
        classes = element.get("class")
        if classes and self._rules.dropped_classes.intersection(classes.split()):
            return True
        return element.get("hidden") is not None

    def _text(self, element: _Element) -> str:
        return _plain(self._marked_text(element))

    def _quoted_text(self, element: _Element) -> str:
        inner = [child for child in element if child.tag == "blockquote"]
        return "\n".join(self._text(child) for child in inner) if inner else self._text(element)

    def _marked_text(self, element: _Element, left_out: frozenset[str] = frozenset()) -> str:
        """All text inside, with marks where lines break; iterative, for pages nest deeper than Python's stack."""
        if not len(element) and element.tag != "img":
            return element.text or ""
        parts: list[str] = []
        walk = etree.iterwalk(element, events=("start", "end"))
        for event, node in walk:
            if event == "end":
                parts.append(_break_around(node))
                parts.append((node.tail or "") if node is not element else "")
            elif node is not element and (self._is_dropped(node) or node.tag in left_out):
                walk.skip_subtree()
            else:
                parts.append(_break_around(node))
                parts.append(node.text or _alternative(node))
        return "".join(parts)

    def _list_lines(self, element: _Element, depth: int = 0) -> Iterator[str]:
        ordered = element.tag == "ol"
        items = (item for item in element if not self._is_dropped(item))
        for number, item in enumerate(items, start=1):
            if item.tag in _LISTS and depth < MAX_DEPTH:
                yield from self._list_lines(item, depth + 1)
                continue
            text = one_line(self._marked_text(item, _LISTS if depth < MAX_DEPTH else frozenset()).replace(_BREAK, " "))
            if text:
                yield f"{'  ' * depth}{f'{number}.' if ordered else '-'} {text}"
            for inner in _lists_inside(item) if depth < MAX_DEPTH else ():
                yield from self._list_lines(inner, depth + 1)

    def _table_lines(self, table: _Element) -> Iterator[str]:
        for row in table.iter("tr"):
            cells = [self._text(cell).replace("\n", " ") for cell in row if cell.tag in ("td", "th")]
            if any(cells):
                yield " | ".join(cells)


_BREAK = "\x00"  # stands for a line break until spaces are made single; cleaned texts hold no NUL


def _plain(marked: str) -> str:
    text = _SPACES.sub(" ", marked)
    if _BREAK not in text:
        return text.strip()
    lines = (line.strip() for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _break_around(node: _Element) -> str:
    if node.tag in ("td", "th"):
        return " "
    return _BREAK if node.tag == "br" or node.tag not in _INLINE else ""


def _alternative(node: _Element) -> str:
    if node.tag != "img" or "emoji" in (node.get("class") or ""):
        return ""
    return f" {node.get('alt') or ''} "


def _code_text(element: _Element) -> str:
    for node in element.iter("br"):
        node.tail = "\n" + (node.tail or "")
    return "".join(str(text) for text in element.itertext())


def _holds_blocks(element: _Element) -> bool:
    return any(isinstance(node.tag, str) and node.tag not in _INLINE for node in element.iterdescendants())


def _is_data_table(table: _Element) -> bool:
    """Old pages lay themselves out with tables: one that holds headings or other tables is no table of values."""
    return next(table.iterdescendants("table", "h1", "h2", "h3", "pre"), None) is None


def _lists_inside(item: _Element) -> Iterator[_Element]:
    """The outermost lists inside an item."""
    walk = etree.iterwalk(item, events=("start",))
    for _, node in walk:
        if node is not item and node.tag in _LISTS:
            walk.skip_subtree()
            yield node


def _read_page(blocks: BlockWriter, root: _Element) -> None:
    article = _article(root)
    HtmlReader(blocks, PAGE).read(article)
    body = root.find("body")
    if not len(blocks) and body is not None and article is not body:
        blocks.leave_sections()
        HtmlReader(blocks, PAGE).read(body)


def _article(root: _Element) -> _Element:
    main = next(root.iter("main"), None)
    if main is None:
        main = next((node for node in root.iter("div", "section") if node.get("role") == "main"), None)
    articles = [] if main is not None else list(root.iter("article"))
    if len(articles) == 1:
        return articles[0]
    body = root.find("body")
    return next(node for node in (main, body, root) if node is not None)


def _declared_charset(content: bytes) -> str | None:
    match = _META_CHARSET.search(content[:4096])
    name = match[1].decode("ascii", "replace").casefold() if match else None
    # A page that can be searched byte by byte for its charset is not in UTF-16, whatever it says.
    return None if name is None or name.startswith("utf-16") else name


def _title(root: _Element | None) -> str | None:
    if root is None:
        return None
    candidates = (_text_of_first(root, "title"), _meta(root).get("og:title"), _text_of_first(root, "h1"))
    return next((title for title in map(sensible_title, candidates) if title), None)


def _text_of_first(root: _Element, tag: str) -> str:
    node = next(root.iter(tag), None)
    return "" if node is None else "".join(str(text) for text in node.itertext())


def _metadata(root: _Element | None) -> ItemMetadata:
    if root is None:
        return ItemMetadata()
    meta = _meta(root)
    authors = [meta[name] for name in _AUTHOR_NAMES if name in meta and "://" not in meta[name]]
    created = (parse_when(meta.get(name)) for name in _CREATED_NAMES)
    updated = (parse_when(meta.get(name)) for name in _UPDATED_NAMES)
    return ItemMetadata(
        credits=credits_from(authors[:1], Role.AUTHOR),
        created=next((moment for moment in created if moment), None),
        updated=next((moment for moment in updated if moment), None),
    )


def _meta(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in root.iter("meta"):
        name = node.get("property") or node.get("name") or node.get("http-equiv")
        content = node.get("content")
        if name and content:
            found.setdefault(name.casefold(), content)
    return found
