"""Who may read an item, as its source holds it: a word, a list of people, or a mapping."""

from collections.abc import Mapping

from indexer.domain.content import AudienceKind
from indexer.notation.characters import one_line


def audience_text(value: object) -> str | None:
    """The audience as a line of text, `people: ada, bo@example.org` for a list of people or a mapping with one; None
    where nothing is said. What cannot be followed is told as it stands and never dropped: nothing said may mean open.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        kind, names = next(iter(value.items())) if len(value) == 1 else ("", list(value))
        return f"{_line(kind)}: {_joined(names if isinstance(names, (list, tuple)) else [names])}"
    if isinstance(value, (list, tuple)):
        return audience_text(value[0]) if len(value) == 1 else f"{AudienceKind.PEOPLE}: {_joined(value)}"
    return _line(value) or None


def _joined(names: list[object] | tuple[object, ...]) -> str:
    return ", ".join(_line(name) for name in names)


def _line(value: object) -> str:
    return one_line(str(value))
