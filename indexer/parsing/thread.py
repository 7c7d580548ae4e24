"""Reads discussion threads: topics as Discourse's API gives them, and Knowwho's own JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from indexer.domain.content import BlockKind, Credit, DocumentKind, ItemMetadata, ItemState, Message, ParsedDocument
from indexer.domain.errors import DocumentUnreadable
from indexer.domain.people import Role
from indexer.notation import audience_text, clean, credits_from, one_line, parse_when
from indexer.parsing.base import ParseHints, unreadable_if_damaged
from indexer.parsing.blocks import BlockWriter
from indexer.parsing.html import PAGE, HtmlReader, HtmlRules, html_root
from indexer.parsing.markdown import MarkdownReader
from indexer.parsing.quotes import separate_quotes
from indexer.parsing.record import read_json_object
from indexer.parsing.titles import sensible_title

_ACTION_LIKE = 2
_SPOKEN_POST_TYPES = (1, 2)  # regular posts and a moderator's; 3 tells of an action, 4 is for staff only
_NO_MESSAGES = "It has no messages that everybody may read"
_POST = HtmlRules(
    dropped=PAGE.dropped - {"aside", "header", "footer"},
    dropped_classes=frozenset({"meta", "quote-controls", "lightbox-wrapper", "lightbox", "onebox-metadata"}),
    quoting=frozenset({"blockquote", "aside"}),
)

_Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Said:
    """One message as either format has it; `who` names its writer without a role."""

    number: int
    who: Credit | None
    at: datetime | None
    text: str
    likes: int
    accepted: bool
    reply_to: int | None


class TopicParser:
    """A topic of a Discourse forum, without what is deleted, hidden or only for staff."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        topic = read_json_object(content, hints, "topic")
        _refuse_private(topic)
        blocks = BlockWriter(hints)
        stream = _fields(topic.get("post_stream"))
        said = list(_numbered_once(_posts(topic, stream)))
        _note_missing(blocks, stream)
        for message in said:
            _start_message(blocks, message)
            _add_cooked(blocks, message.text)
        return _thread(blocks, said, topic, ItemMetadata(created=parse_when(topic.get("created_at"))))


class ThreadParser:
    """A thread in Knowwho's own format; the messages are plain text or Markdown."""

    def parse(self, content: bytes, hints: ParseHints) -> ParsedDocument:
        thread = read_json_object(content, hints, "thread")
        blocks = BlockWriter(hints)
        said = list(_numbered_once(_messages(thread)))
        for message in said:
            _start_message(blocks, message)
            _add_marked_down(blocks, message.text)
        metadata = ItemMetadata(
            community=_text(thread.get("community")),
            audience=_audience(thread),
            url=_text(thread.get("url")),
        )
        return _thread(blocks, said, thread, metadata)


def _thread(blocks: BlockWriter, said: Sequence[_Said], fields: _Fields, metadata: ItemMetadata) -> ParsedDocument:
    moments = [message.at for message in said if message.at is not None]
    metadata = replace(
        metadata,
        kind=DocumentKind.THREAD,
        created=metadata.created or min(moments, default=None),
        updated=max(moments, default=None),
    )
    title = sensible_title(fields.get("title")) or _text(fields.get("title"))
    return blocks.document(title, metadata, tuple(_with_roles(said)), empty_reason=_NO_MESSAGES, named_by_file=False)


def _numbered_once(messages: Iterable[_Said]) -> Iterator[_Said]:
    """The messages; one that repeats a number, as exports that were merged do, gets the next that is free."""
    taken: set[int] = set()
    for message in messages:
        number = message.number if message.number not in taken else max(taken) + 1
        taken.add(number)
        yield replace(message, number=number)


def _with_roles(said: Sequence[_Said]) -> Iterator[Message]:
    """The messages, each credited: whoever begins asks throughout, the others answer, and an answer may be accepted."""
    for message in said:
        answer = Role.ACCEPTED_ANSWERER if message.accepted else Role.ANSWERER
        role = Role.ASKER if message.who == said[0].who else answer
        credit = replace(message.who, role=role, at=message.at) if message.who else None
        yield Message(message.number, credit, message.at, message.likes, message.accepted, message.reply_to)


def _start_message(blocks: BlockWriter, message: _Said) -> None:
    blocks.message = message.number
    blocks.leave_sections()


def _refuse_private(topic: _Fields) -> None:
    if topic.get("archetype") == "private_message":
        raise DocumentUnreadable(ItemState.SKIPPED, "It is a private conversation")
    if topic.get("deleted_at"):
        raise DocumentUnreadable(ItemState.SKIPPED, "The topic was deleted")


def _note_missing(blocks: BlockWriter, stream: _Fields) -> None:
    """The API gives long topics in parts; `stream` lists the ids of all posts."""
    held, listed = _mappings(stream.get("posts")), stream.get("stream")
    if isinstance(listed, list) and len(listed) > len(held):
        blocks.problem(f"only {len(held)} of {len(listed)} messages are in the file")


def _posts(topic: _Fields, stream: _Fields) -> Iterator[_Said]:
    accepted_number = _whole(_fields(topic.get("accepted_answer")).get("post_number"))
    for index, post in enumerate(_mappings(stream.get("posts")), start=1):
        number = _whole(post.get("post_number")) or index
        if _is_shown(post):
            yield _Said(
                number=number,
                who=_who(post.get("username"), post.get("name") or post.get("username")),
                at=parse_when(post.get("created_at")),
                text=_raw_text(post.get("cooked")),
                likes=_likes(post),
                accepted=bool(post.get("accepted_answer")) or number == accepted_number,
                reply_to=_whole(post.get("reply_to_post_number")),
            )


def _is_shown(post: _Fields) -> bool:
    if any(post.get(flag) for flag in ("deleted_at", "user_deleted", "hidden")):
        return False
    return post.get("post_type", 1) in _SPOKEN_POST_TYPES


def _likes(post: _Fields) -> int:
    for action in _mappings(post.get("actions_summary")):
        if action.get("id") == _ACTION_LIKE:
            return _whole(action.get("count")) or 0
    counts = [_whole(reaction.get("count")) or 0 for reaction in _mappings(post.get("reactions"))]
    return _whole(post.get("like_count")) or sum(counts)


def _add_cooked(blocks: BlockWriter, cooked: str) -> None:
    root = html_root(clean(cooked))
    if root is not None:
        with unreadable_if_damaged("A message of the topic is damaged"):
            HtmlReader(blocks, _POST).read(root)


def _messages(thread: _Fields) -> Iterator[_Said]:
    for index, message in enumerate(_mappings(thread.get("messages")), start=1):
        yield _Said(
            number=_whole(message.get("number")) or index,
            who=_author(message.get("author")),
            at=parse_when(message.get("at")),
            text=_raw_text(message.get("text")),
            likes=_whole(message.get("likes")) or 0,
            accepted=bool(message.get("accepted")),
            reply_to=_whole(message.get("reply_to")),
        )


def _audience(thread: _Fields) -> str | None:
    """Who may read the whole thread: as it says, or as its messages say. It is read whole, so where they differ it says
    all of it, which nobody can follow."""
    told = [thread.get("audience"), *(message.get("audience") for message in _mappings(thread.get("messages")))]
    said = dict.fromkeys(text for text in map(audience_text, told) if text)
    return " / ".join(said) or None


def _add_marked_down(blocks: BlockWriter, text: str) -> None:
    before = len(blocks)
    for part, quoted in separate_quotes(clean(text)):
        if quoted:
            blocks.add(part, BlockKind.QUOTE)
        else:
            MarkdownReader(blocks, as_message=True).read(part)
    if len(blocks) == before:
        blocks.add(text)  # Markdown that is all headings: still somebody's words


def _author(author: object) -> Credit | None:
    """A text is a handle, whether or not it begins with @."""
    if isinstance(author, str):
        return _who(author, None)
    return next(iter(credits_from(author, Role.ANSWERER)), None) if isinstance(author, Mapping) else None


def _who(handle: object, name: object) -> Credit | None:
    return next(iter(credits_from({"handle": handle, "name": name}, Role.ANSWERER)), None)


def _fields(value: object) -> _Fields:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[_Fields]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return one_line(value) or None if isinstance(value, str) else None


def _raw_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
