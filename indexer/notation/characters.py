"""Keeps texts free of characters that no reader wants and that databases and JSON refuse."""

import re

_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Among them what turns the direction of writing round, which makes a text read as another than it is.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\ufeff\ufffe\uffff]")
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """The text without control characters, soft hyphens and lone surrogates; every line ends in a plain newline."""
    if text.isascii() and text.isprintable():
        return text
    if _SURROGATE.search(text):
        # Through UTF-16, so that two halves that belong together become the character they stand for.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNWANTED.sub("", _NEWLINES.sub("\n", text))


def one_line(text: str) -> str:
    """The text cleaned, on one line, with single spaces."""
    return " ".join(clean(text).split())


def tidy_lines(text: str) -> str:
    """The text cleaned, each line with single spaces, at most one blank line in a row."""
    if "\n" not in text and "\r" not in text:
        return one_line(text)
    lines = (" ".join(line.split()) for line in clean(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def tidy_code(text: str) -> str:
    """The text cleaned, with its indentation, without blank lines around it."""
    return "\n".join(line.rstrip() for line in clean(text).expandtabs(4).split("\n")).strip("\n")


def for_terminal(text: str) -> str:
    """The text with a mark in place of each character that a terminal would take for a command."""
    return _COMMANDS.sub("�", text)
