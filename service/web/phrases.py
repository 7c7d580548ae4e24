"""How pages say dates, numbers, roles and evidence."""

from collections.abc import Sequence
from datetime import date, datetime
from textwrap import shorten

from indexer.domain.accounts import Scope
from indexer.domain.content import DocumentKind, Locator
from indexer.domain.people import Role
from service.experts import Evidence

DAYS_A_WEEK = 7
WEEKS_SAID = 8
YEARS_WITH_MONTH = 1
LONGEST_SUBJECT = 100

VERBS = {
    Role.AUTHOR: "wrote",
    Role.MAINTAINER: "looks after",
    Role.REVIEWER: "reviewed",
    Role.APPROVER: "approved",
    Role.ANSWERER: "answered",
    Role.ACCEPTED_ANSWERER: "answered",
    Role.COMMENTER: "commented on",
    Role.ASKER: "asked",
}
ROLE_HEADINGS = {
    Role.AUTHOR: "Written by",
    Role.MAINTAINER: "Looked after by",
    Role.REVIEWER: "Reviewed by",
    Role.APPROVER: "Approved by",
    Role.ASKER: "Asked by",
    Role.ACCEPTED_ANSWERER: "Accepted answer by",
    Role.ANSWERER: "Answered by",
    Role.COMMENTER: "Commented on by",
}
ROLE_NAMES = {Role.ASKER: "asked", Role.ANSWERER: "answered", Role.ACCEPTED_ANSWERER: "accepted answer"}
SCOPE_WORDS = {
    Scope.SEARCH: "search and read",
    Scope.FEEDBACK: "say what was useful",
    Scope.ACCOUNT: "see and change this account and profile",
    Scope.STEWARD: "look after communities",
    Scope.ADMIN: "administer",
}
SHARE_WORDS = ((0.5, "most of the reason"), (0.25, "a good part of it"), (0.1, "some of it"), (0.0, "a little of it"))
# In this order: most browsers name others too, and most systems one that they descend from.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Macintosh", "a Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
NAMELESS_BROWSER = "A browser that does not say what it is"
LONGEST_AGENT = 40
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "hi": "Hindi", "hu": "Hungarian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sv": "Swedish", "te": "Telugu", "tr": "Turkish",
    "uk": "Ukrainian", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip


def day_of(moment: date | datetime) -> date:
    """The day of a moment, in UTC as the store keeps it."""
    return moment.date() if isinstance(moment, datetime) else moment


def exact_date(moment: date | datetime) -> str:
    """`2 March 2025`."""
    day = day_of(moment)
    return f"{day.day} {day:%B %Y}"


def said_date(moment: date | datetime, today: date) -> str:
    """A date as people say it: today, yesterday, 3 weeks ago, March 2025, 2019; one to come is said exactly."""
    day = day_of(moment)
    days = (today - day).days
    if days < 0:
        return exact_date(day)
    return _lately(days) or (f"{day:%B %Y}" if today.year - day.year <= YEARS_WITH_MONTH else str(day.year))


def last_said(moment: date | datetime, today: date) -> str:
    """`last in March 2025`, `last yesterday`."""
    days = (today - day_of(moment)).days
    preposition = "on " if days < 0 else "" if _lately(days) else "in "
    return f"last {preposition}{said_date(moment, today)}"


def evidence_line(evidence: Sequence[Evidence], today: date) -> str:
    """What speaks for a person, in one line: `answered 4 threads and reviewed 1 document on this, last in 2024`."""
    parts = [(VERBS[entry.role], entry.passage.document.kind) for entry in evidence]
    phrases = []
    said_kind: DocumentKind | None = None
    for verb in dict.fromkeys(verb for verb, _ in parts):
        objects = []
        for kind in dict.fromkeys(kind for told, kind in parts if told == verb):
            number = parts.count((verb, kind))
            objects.append(str(number) if kind is said_kind else counted(number, kind))
            said_kind = kind
        phrases.append(f"{verb} {listed(objects)}")
    latest = max((entry.at for entry in evidence if entry.at), default=None)
    return f"{listed(phrases)} on this" + (f", {last_said(latest, today)}" if latest else "")


def listed(words: Sequence[str]) -> str:
    """`a, b and c`; where an entry has an `and` of its own, `a and b, and c`."""
    last = ", and " if len(words) > 1 and any(" and " in word for word in words) else " and "
    return last.join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def counted(number: int, noun: str) -> str:
    """`1 document`, `2,300 documents`."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number:,} {plural if noun != 'person' else 'people'}"


def share_word(share: float) -> str:
    """How much of a person's rank one document explains, in words."""
    return next(word for least, word in SHARE_WORDS if share >= least)


def figure(value: float) -> str:
    """A number of an explanation, with as many decimals as it takes to check a sum by eye."""
    return f"{value:.3f}"


def role_name(role: Role) -> str:
    """A role as it stands beside a name."""
    return ROLE_NAMES.get(role, str(role))


def language(code: str) -> str:
    """The name of a language, where its code is a common one."""
    return LANGUAGES.get(code.casefold(), code)


def place_word(locator: Locator) -> str | None:
    """The place of a passage where people count it: `message 3`, `page 4`."""
    if locator.message:
        return f"message {locator.message}"
    return f"page {locator.page}" if locator.page else None


def questions_a_week(most: int) -> str:
    """How often somebody wants to be asked, as it stands beside their name."""
    return f"asks for at most {counted(most, 'question')} a week" if most else "asks for no questions"


def sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) or not text else ".")


def scope_words(scope: Scope) -> str:
    """What a token of this scope may be used for."""
    return SCOPE_WORDS[scope]


def browser_words(agent: str) -> str:
    """`Chrome on Linux`; for a program that is no known browser, the name that it gives itself."""
    browser = next((name for mark, name in BROWSERS if mark in agent), None)
    system = next((name for mark, name in SYSTEMS if mark in agent), None)
    if browser is None:
        own = agent.strip().partition("/")[0]
        return own if len(own) <= LONGEST_AGENT and own else f"{own[:LONGEST_AGENT]}…" if own else NAMELESS_BROWSER
    return f"{browser} on {system}" if system else browser


def shortened(text: str) -> str:
    """The beginning of a long text, for the subject of a mail."""
    return shorten(text, LONGEST_SUBJECT, placeholder=" …")


def _lately(days: int) -> str | None:
    """How long ago, for the past few weeks."""
    if days in (0, 1):
        return ("today", "yesterday")[days]
    if 1 < days < DAYS_A_WEEK:
        return f"{days} days ago"
    weeks = days // DAYS_A_WEEK
    if 0 < weeks < WEEKS_SAID:
        return "a week ago" if weeks == 1 else f"{weeks} weeks ago"
    return None
