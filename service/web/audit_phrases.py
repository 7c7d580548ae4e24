"""How the page of the audit trail says what an entry tells beside its action."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from indexer.domain.accounts import AuditAction, Scope
from indexer.domain.content import AudienceKind
from indexer.domain.jobs import JobKind
from indexer.domain.people import Visibility
from service.web.admin_phrases import kind_words
from service.web.phrases import counted, exact_date, listed, scope_words

WITH = {"password": "with a password", "link": "with a link that works once"}
CHOICES = {
    "hidden": "whether they are found",
    "away_from": "from when they are away",
    "away_until": "until when they are away",
    "questions_a_week": "how many questions a week",
    "subjects": "what they know about",
}
SUBJECT_CHOICES = {"claimed": "they know it", "removed": "it is not theirs", "hidden": "not to be found for it"}
READERS = {
    AudienceKind.PUBLIC: "everybody",
    AudienceKind.SIGNED_IN: "everybody who is signed in",
    AudienceKind.COMMUNITY: "whoever may see {community}",
    AudienceKind.MEMBERS: "the members of {community}",
}
VIEWERS = {
    Visibility.PUBLIC: "everybody",
    Visibility.SIGNED_IN: "everybody who is signed in",
    Visibility.MEMBERS: "its members",
}
# Ids that no page shows: whoever needs them finds them in the export.
UNSAID = frozenset({"session", "token", "identity"})


def deed_words(detail: Mapping[str, Any], person: str | None, action: AuditAction | None = None) -> list[str]:
    """What an entry's detail tells, in words, part by part; `person` is the name of the person it is about."""
    told = [_part(name, value, person, action) for name, value in detail.items() if name not in UNSAID]
    return [words for words in told if words]


def _part(name: str, value: Any, person: str | None, action: AuditAction | None) -> str:
    if name == "person":
        return f"used by {person}" if value else "used by nobody known"
    if name == "kind" and action is AuditAction.IDENTITY_DISOWNED:
        return f"one {value}"
    if name in WORDS and value is not None:
        return WORDS[name](value)
    return _plain(name, value)


def _readers(value: Any) -> str:
    """An audience or a visibility, as entries have them."""
    if not isinstance(value, Mapping):
        return VIEWERS.get(value, str(value))
    people = value.get("people")
    if people is not None:
        return f"{counted(len(people), 'person')} by name"
    return READERS[AudienceKind(value["kind"])].format(community=value.get("community") or "its community")


def _amount(noun: str, words: str = "{}") -> Callable[[Any], str]:
    return lambda value: words.format(counted(value, noun)) if value else ""


def _either(yes: str, no: str = "") -> Callable[[Any], str]:
    return lambda value: yes if value else no


def _names(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _changed(value: Sequence[str]) -> str:
    return listed([CHOICES.get(name, name) for name in value])


def _plain(name: str, value: Any) -> str:
    """A detail that has no words of its own here."""
    if value in (None, [], {}, ""):
        return ""
    said = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else _names(value)
    return f"{name.replace('_', ' ')} {said}"


WORDS: Mapping[str, Callable[[Any], str]] = {
    "admin": _either("may administer", "may not administer"),
    "disabled": _either("may not sign in", "may sign in again"),
    "link": _either("a link for choosing its password"),
    "login": lambda value: f"signs in with {value} too",
    "by": lambda value: WITH.get(value, f"with {value}"),
    "sessions_ended": _amount("session", "{} ended"),
    "sessions": _amount("session", "{} ended"),
    "tokens": _amount("token", "{} taken back"),
    "scopes": lambda value: f"to {listed([scope_words(Scope(scope)) for scope in value])}",
    "days": _amount("day", "for {}"),
    "changed": _changed,
    "hidden": _either("hidden now", "found again"),
    "choice": lambda value: SUBJECT_CHOICES.get(value, value),
    "taken_back": _either("theirs after all"),
    "before": lambda value: f"before: {_readers(value)}",
    "after": lambda value: f"now: {_readers(value)}",
    "decided": _either("decided here", "as its source says"),
    "kind": lambda value: kind_words(JobKind(value))[0],
    "source": lambda value: f"of {value}",
    "sources": lambda value: f"of {_names(value)}" if value != "all" else "of every source",
    "community": lambda value: f"community {value}",
    "full": _either("every item again"),
    "items": _amount("item"),
    "change": str,
    "cron": lambda value: f"at “{value}”",
    "zone": lambda value: f"on the clock of {value}",
    "on": lambda value: f"on a {value}",
    "as": lambda value: f"as {value}",
    "made": lambda value: f"made {exact_date(datetime.fromisoformat(value))}",
}
