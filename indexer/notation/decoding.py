"""Decodes text whose encoding may be unknown."""

import codecs
import re
import string
from dataclasses import dataclass

from charset_normalizer import from_bytes

from indexer.notation.characters import clean

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GUESS_SAMPLE = 32_768
_MAX_LOSS_IN_UTF8 = 0.02  # of the bytes beyond ASCII: more than that, and it was never UTF-8

_WESTERN = ("cp1252", "mac_roman")
_COMMON_SIGNS = frozenset("\u2019\u2018“”„\u2013—…•°§«»€£©®™·\u00d7±µ½²³¡¿\u00a0")
_COMMON_LETTERS = frozenset("éèêëàâäáçñöüßôîïûùóíúåøæœãõìòÉÄÖÜÅØÆÇÑÀ")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Text made from bytes, the encoding it was read with, and what was lost, if anything."""

    text: str
    encoding: str
    problem: str | None = None


def decode_text(content: bytes, encoding: str | None = None) -> DecodedText:
    """The text in `content`: by the declared encoding, a byte order mark, as UTF-8, or by the likeliest guess.

    Never fails; bytes that mean nothing become U+FFFD and `problem` says how many. The text is clean of control
    characters, and every line ends in a plain newline.
    """
    decoded = (
        _strictly(content, _as_meant(encoding))
        or _by_byte_order_mark(content)
        or _strictly(content, "utf-8")
        or _by_zero_bytes(content)
        or _mostly_utf8(content)
        or _guessed(content)
    )
    return DecodedText(clean(decoded.text), decoded.encoding, decoded.problem)


def _strictly(content: bytes, encoding: str | None) -> DecodedText | None:
    if not encoding:
        return None
    try:
        text = content.decode(encoding)
    except (LookupError, ValueError):
        return None
    return DecodedText(text, encoding) if isinstance(text, str) else None


def _by_byte_order_mark(content: bytes) -> DecodedText | None:
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    return _with_losses(content, encoding) if encoding else None


def _by_zero_bytes(content: bytes) -> DecodedText | None:
    """UTF-16 without its mark: in Western text every second byte is zero."""
    sample = content[:4096]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if zeros and zeros.count(0) > 0.7 * len(zeros) and sample.count(0) < 0.6 * len(sample):
            return _with_losses(content, encoding)
    return None


def _mostly_utf8(content: bytes) -> DecodedText | None:
    """UTF-8 with a few broken bytes, as after a careless cut; one loss among several signs is always forgiven."""
    beyond_ascii = _beyond_ascii(content)
    decoded = _with_losses(content, "utf-8")
    bearable = max(1, _MAX_LOSS_IN_UTF8 * beyond_ascii)
    return decoded if decoded.text.count("\ufffd") <= bearable < beyond_ascii else None


def _guessed(content: bytes) -> DecodedText:
    sample = content[:_GUESS_SAMPLE]
    if _looks_western(sample):
        return _with_losses(content, max(_WESTERN, key=lambda encoding: _western_score(sample, encoding)))
    best = from_bytes(sample, steps=5, chunk_size=512).best()
    return _with_losses(content, best.encoding if best else "cp1252")


def _with_losses(content: bytes, encoding: str) -> DecodedText:
    text = content.decode(encoding, "replace")
    lost = text.count("\ufffd")
    problem = f"{lost:,} characters could not be decoded ({encoding})" if lost else None
    return DecodedText(text, encoding, problem)


def _looks_western(sample: bytes) -> bool:
    """Whether most letters are plain ASCII ones, with accents and typographic signs strewn in."""
    letters = len(sample) - len(sample.translate(None, string.ascii_letters.encode()))
    return _beyond_ascii(sample) * 3 < letters


def _beyond_ascii(content: bytes) -> int:
    return len(content.translate(None, bytes(range(0x80))))


def _western_score(sample: bytes, encoding: str) -> float:
    """How much like prose the sample looks: familiar signs speak for an encoding, capitals inside words against it."""
    text = sample.decode(encoding, "replace")
    score = 0.0
    for character in text:
        if character > "\x7f":
            score += 3 if character in _COMMON_SIGNS else 1 if character in _COMMON_LETTERS else -1
    return score - 4 * sum(_has_odd_capital(word) for word in _WORD.findall(text) if not word.isascii())


def _has_odd_capital(word: str) -> bool:
    return any(letter.isupper() and letter > "\x7f" for letter in word[1:]) and not word.isupper()


def _as_meant(encoding: str | None) -> str | None:
    """Programs that declare Latin-1 or ASCII write Windows' signs all the same; browsers read it so too."""
    try:
        return "cp1252" if encoding and codecs.lookup(encoding).name in ("iso8859-1", "ascii") else encoding
    except (LookupError, ValueError):
        return None
