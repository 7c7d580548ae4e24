"""The words that sources use for a document's standing."""

from indexer.domain.content import Mark
from indexer.notation.characters import one_line

_MARKS = {
    Mark.DRAFT: ("draft", "provisional", "proposed", "wip", "work in progress"),
    Mark.VERIFIED: ("verified",),
    Mark.SUPERSEDED: ("superseded", "replaced"),
    Mark.RETIRED: ("retired", "withdrawn", "rejected", "deprecated", "obsolete", "archived"),
}
_MARK_BY_WORD = {word: mark for mark, words in _MARKS.items() for word in words}


def mark_from(value: object) -> Mark | None:
    """The mark that a status such as `draft` or `withdrawn` stands for, if any."""
    told = value[0] if isinstance(value, list) and len(value) == 1 else value
    return _MARK_BY_WORD.get(one_line(told).casefold().replace("-", " ")) if isinstance(told, str) else None
