"""Tells a title from the leftovers that programs write in its place."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from indexer.notation import one_line

MAX_TITLE = 300
OPENING_WORDS = 10
CUT_OFF = " …"
_PROGRAM_PREFIX = re.compile(r"^(microsoft (word|powerpoint|excel)|powerpoint|word) ?- ?", re.I)
_FILE_NAME = re.compile(r"^\S+\.(docx?|pptx?|xlsx?|pdf|tex|dvi|txt|html?|rtf|odt|odp|ps|indd|qxd|p65|fm|md)$", re.I)
_FILE_NAME_WITH_SPACES = re.compile(r"\.(docx?|pptx?|xlsx?|pdf|dvi|rtf|odt|indd|qxd)$", re.I)
_NO_TITLE = re.compile(
    r"^(untitled|unknown|no title|title|titel|powerpoint[- ]pr[aä]sentation|powerpoint presentation"
    r"|(document|dokument|presentation|präsentation|book|mappe|slide|folie|page|seite)( ?\d+)?|layout ?\d*"
    r"|template|null|none|\(anonymous\)|enscript output)([ -]?\(?\d+\)?)?( - notepad)?$",
    re.I,
)
_GLYPH_NAMES = re.compile(r"(/[a-z]{1,2}\d+){2}", re.I)
_LEFTOVERS = (_PROGRAM_PREFIX, _FILE_NAME, _FILE_NAME_WITH_SPACES, _NO_TITLE, _GLYPH_NAMES)
_NAMELESS_STEMS = frozenset({"readme", "index", "default", "_index", "main"})


def sensible_title(text: object) -> str | None:
    """The text as a title, or None where it is empty, a file name or what a program writes when nobody named it."""
    if not isinstance(text, str):
        return None
    title = one_line(text)
    if sum(character.isalpha() for character in title) < 2 or any(shape.search(title) for shape in _LEFTOVERS):
        return None
    return title[:MAX_TITLE]


def readable_name(file_name: str) -> str:
    """A title from a path: `kep/127-user-namespaces/README.md` gives `127 user namespaces`."""
    path = PurePosixPath(one_line(unquote(_path_of(file_name)).replace("\\", "/").replace("!/", "/")))
    stem = path.stem
    if stem.casefold() in _NAMELESS_STEMS and path.parent.name:
        stem = path.parent.name
    words = one_line(re.sub(r"[-_+]+", " ", stem)).strip(". ")
    if not words:
        return one_line(file_name)[:MAX_TITLE] or "Untitled"
    return (words if any(letter.isupper() for letter in words) else words[0].upper() + words[1:])[:MAX_TITLE]


def first_words(text: str) -> str:
    """A title for a text that has none: how it begins."""
    words = one_line(text).split(" ")
    opening = " ".join(words[:OPENING_WORDS])[:MAX_TITLE]
    return f"{opening}{CUT_OFF}" if len(words) > OPENING_WORDS else opening


def _path_of(file_name: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://", file_name, re.I):
        return file_name
    try:
        parts = urlsplit(file_name)
    except ValueError:
        return file_name
    return parts.path.rstrip("/") or parts.netloc
