"""Typed settings of the service, beside the indexer's in the same file."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from indexer.settings import SLUG, Settings, StrictModel


class ServeSettings(StrictModel):
    """Where the service listens, in how many processes it answers (0: one a core, up to four), and how much one request
    may send."""

    host: str
    port: int = Field(ge=0, le=65535)
    processes: int = Field(ge=0, le=64)
    most_body_kilobytes: int = Field(ge=1)


class FusionSettings(StrictModel):
    """What makes up the relevance of a passage; service/search/retrieve.py has the formula. `word_weight` is the share
    of word matches, the rest is closeness in meaning; `word_scale` times the most that BM25 could be counts as a full
    match; `crowding` says how much it counts for a passage that it is closer to the question than to its neighbours."""

    word_weight: float = Field(ge=0, le=1)
    word_scale: float = Field(gt=0)
    crowding: float = Field(ge=0, le=2)


class SearchSettings(StrictModel):
    """`fusion` is that of the list of passages. People are ranked by the best `candidates` by meaning and so many by
    words, passages by the best `listed` of each. Passages under `least_relevance` are not shown; those of superseded
    and retired documents count only `outdated_share` of theirs. With `fold`, documents that say nearly the same are
    shown once. Documents with an identifier of the question (a word with a digit or a joint) that at most 20 passages
    have stand among the first `rare_term_places` at least; 0 gives them no such right.

    `cross_encoder`, a folder or hub name of a sentence-transformers cross-encoder, reads the first `rerank_top`
    documents again together with the question; `rerank_weight` is the share of its scores in their relevance."""

    fusion: FusionSettings
    candidates: int = Field(ge=10)
    listed: int = Field(ge=10)
    least_relevance: float
    outdated_share: float = Field(gt=0, le=1)
    page_size: int = Field(ge=1, le=100)
    extract_words: int = Field(ge=10)
    fold: bool
    rare_term_places: int = Field(ge=0, le=100)
    cross_encoder: str | None
    rerank_top: int = Field(ge=1, le=200)
    rerank_weight: float = Field(ge=0, le=1)


class RoleWeights(StrictModel):
    """What a part in a document counts as a vote for expertise."""

    author: float
    reviewer: float
    approver: float
    answerer: float
    accepted_answerer: float
    maintainer: float
    commenter: float
    asker: float


class ExpertSettings(StrictModel):
    """The parameters of people ranking; service/experts/votes.py has the formula. Nobody is shown whose best document
    has less than `least_fit` of the relevance of the best that has people behind it. `expansion` is how far a question
    is moved towards what fits it best before people are sought, `shortlist_expansion` the same where given people are
    compared. `activity_weight` is how much it counts to have done all of a concerned community's work lately; that
    weighs half after `activity_half_life_years`. A question concerns a subject for which somebody does not want to be
    found where it has all words of it, or where their vectors are at least `subject_likeness` alike (a cosine)."""

    fusion: FusionSettings
    least_relevance: float
    expansion: float = Field(ge=0, lt=1)
    shortlist_expansion: float = Field(ge=0, lt=1)
    sharpness: float = Field(ge=1)
    community_weight: float = Field(ge=0)
    least_fit: float = Field(ge=0, le=1)
    activity_weight: float = Field(ge=0)
    activity_half_life_years: float = Field(gt=0)
    subject_likeness: float = Field(gt=0, le=1)
    half_life_years: float = Field(gt=0)
    oldest_share: float = Field(ge=0, le=1)
    decay: float = Field(gt=0, lt=1)
    documents: int = Field(ge=1)
    restraint: float = Field(ge=0, le=1)
    shortlist_restraint: float = Field(ge=0, le=1)
    most_likes: int = Field(ge=1)
    evidence: int = Field(ge=1)
    shown: int = Field(ge=1)
    least_score: float = Field(ge=0)
    roles: RoleWeights


class FeedbackSettings(StrictModel):
    """What judgements do to rankings: for queries at least `least_similarity` alike (a cosine), relevance and score are
    moved by at most `bound` of what they are, up or down. 0 switches the effect off; judgements are kept all the
    same."""

    bound: float = Field(ge=0, lt=1)
    least_similarity: float = Field(gt=0, le=1)


class VerdictSettings(StrictModel):
    """From where on there is something known (mean of the three best cosines), something to read (relevance of the best
    document) and somebody to ask (score)."""

    known: float
    read: float
    ask: float


def is_safe_address(address: str) -> bool:
    """Whether nobody on the way can change what is sent there: https, or http on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def _safe(address: str) -> str:
    if not is_safe_address(address):
        raise ValueError("begins with https:// (http:// only on this machine)")
    return address


class OpenIdProvider(StrictModel):
    """An OpenID Connect provider that people may sign in with, found by its `issuer`. `label` is what the button says.
    `new_accounts` lets everybody in whom the provider vouches for, else only those for whom an account was made.
    `trust_addresses` takes a verified address as proof of who somebody is here."""

    name: str = Field(pattern=SLUG)
    label: str
    issuer: Annotated[str, AfterValidator(_safe)]
    client_id: str
    client_secret: SecretStr
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    new_accounts: bool = False
    trust_addresses: bool = False


class PasswordSettings(StrictModel):
    """What it costs to hash a password with argon2id, and so to guess one: memory, passes over it, and lanes."""

    memory_kilobytes: int = Field(ge=8)
    passes: int = Field(ge=1)
    lanes: int = Field(ge=1)


class AccessSettings(StrictModel):
    """Who gets in. `anonymous` lets everybody read what is public; without it one has to sign in. A session ends after
    `session_idle_hours` without use, and after `session_days` in any case; a token lasts `token_days` at most.

    After `attempts` failures within `attempt_minutes` an account, and after `client_attempts` a client's address, is
    locked out until that time has passed. `address` is the service's own as browsers see it, needed for OpenID Connect
    and behind a proxy; `proxies` are those whose word on the client's address is believed."""

    anonymous: bool
    session_idle_hours: float = Field(gt=0)
    session_days: float = Field(gt=0)
    token_days: int = Field(ge=1)
    attempts: int = Field(ge=1)
    client_attempts: int = Field(ge=1)
    attempt_minutes: float = Field(gt=0)
    password: PasswordSettings
    address: str | None
    proxies: tuple[str, ...]
    providers: tuple[OpenIdProvider, ...]

    @model_validator(mode="after")
    def _can_be_returned_to(self) -> Self:
        if self.providers and self.address is None:
            raise ValueError("set address, the service's own, to which providers send people back")
        if len({provider.name for provider in self.providers}) < len(self.providers):
            raise ValueError("two providers have the same name")
        return self


class ServiceSettings(Settings):
    """Everything Knowwho may be told."""

    serve: ServeSettings
    access: AccessSettings
    search: SearchSettings
    experts: ExpertSettings
    feedback: FeedbackSettings
    verdict: VerdictSettings
