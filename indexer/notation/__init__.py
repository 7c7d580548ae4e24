"""How files and sources write people, dates, identities and characters; shared by everything that reads them."""

from indexer.notation.audiences import audience_text
from indexer.notation.characters import clean, for_terminal, one_line, tidy_code, tidy_lines
from indexer.notation.credits import credits_from
from indexer.notation.dates import parse_when
from indexer.notation.decoding import DecodedText, decode_text
from indexer.notation.identities import address_identity, display_name, handle_identity, name_identity, plain
from indexer.notation.marks import mark_from
from indexer.notation.media_types import DISCOURSE_TOPIC, KNOWWHO_RECORD, KNOWWHO_THREAD

__all__ = [
    "DISCOURSE_TOPIC",
    "KNOWWHO_RECORD",
    "KNOWWHO_THREAD",
    "DecodedText",
    "address_identity",
    "audience_text",
    "clean",
    "credits_from",
    "decode_text",
    "display_name",
    "for_terminal",
    "handle_identity",
    "mark_from",
    "name_identity",
    "one_line",
    "parse_when",
    "plain",
    "tidy_code",
    "tidy_lines",
]
