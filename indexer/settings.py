"""Typed settings of the indexer, read once at start from `config/default.yaml`, the user's file and the environment.

Values live in `config/default.yaml`; the classes here say what may be set. Unknown keys are refused. An environment
variable such as `KNOWWHO_ENCODER__MODEL` wins over both files.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from indexer.domain.audiences import spelled_audience
from indexer.domain.content import AudienceKind, DocumentKind
from indexer.domain.errors import SettingsInvalid
from indexer.domain.people import Visibility

SLUG = r"^[a-z0-9][a-z0-9_-]*$"
AUDIENCES = "public, signed_in, community, members, `members: SLUG` or `people: ID, ADDRESS`"


class StrictModel(BaseModel):
    """A part of the settings: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CommunityMapping(StrictModel):
    """How a source's items find their community: from the path, else from the item's metadata, else `default`.

    `names` translates what the source says (a category, a folder) into a community's slug.
    """

    path: str | None = None
    names: dict[str, str] = {}
    default: str | None = None

    @field_validator("path")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        return _with_one_group(pattern, "the part of the path that names the community")


class AudienceMapping(StrictModel):
    """How a source's items find who may read them: from what the item says, else from its path, else `default`.

    `names` translates the organisation's own words (`internal`) into an audience. `people` are those whom the word
    `people` stands for; where they are given, they are the default, too. Without a default the audience is that of the
    community.
    """

    path: str | None = None
    names: dict[str, str] = {}
    people: tuple[str, ...] = ()
    default: str | None = None

    @field_validator("path")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        return _with_one_group(pattern, "the part of the path that names the audience")

    @model_validator(mode="after")
    def _followable(self) -> "AudienceMapping":
        for word, told in self.names.items():
            _check_audience(told, f"names.{word}", self.people)
        if self.default is not None and self.translated(self.default) is self.default:
            _check_audience(self.default, "default", self.people)
        return self

    def translated(self, word: str) -> str:
        """What the organisation means by a word; the word itself where it has no meaning of its own here."""
        meanings = {name.strip().casefold(): told for name, told in self.names.items()}
        return meanings.get(word.strip().casefold(), word)

    @property
    def unsaid(self) -> str | None:
        """The audience of items that say nothing."""
        return self.default or (str(AudienceKind.PEOPLE) if self.people else None)


def _with_one_group(pattern: str | None, what: str) -> str | None:
    if pattern is not None and re.compile(pattern).groups != 1:
        raise ValueError(f"needs exactly one group in parentheses: {what}")
    return pattern


def _check_audience(text: str, key: str, people: tuple[str, ...]) -> None:
    spelled = spelled_audience(text)
    if spelled is None or spelled.names == ():
        raise ValueError(f"{key}: {text!r} is no audience; it must be {AUDIENCES}")
    if spelled.kind is AudienceKind.PEOPLE and spelled.names is None and not people:
        raise ValueError(f"{key}: says people, so `people` must list them: ids of a directory or addresses")


class FieldMapping(StrictModel):
    """Which key of a sidecar file, or which column of a table, holds what. Keys may be dotted paths (`info.title`).

    In XML sidecars a key is a path of element names, found at any depth (`titles/title`).
    """

    title: str | None = None
    kind: str | None = None
    community: str | None = None
    audience: str | None = None
    authors: str | None = None
    reviewers: str | None = None
    approvers: str | None = None
    maintainers: str | None = None
    created: str | None = None
    updated: str | None = None
    mark: str | None = None
    superseded_by: str | None = None
    url: str | None = None


class Sidecar(StrictModel):
    """A file beside each document that describes it: YAML, JSON or XML. `{stem}` stands for the document's name
    without its ending, so that `{stem}.yaml` and `kep.yaml` both work; `*` matches as in a shell."""

    file: str
    fields: FieldMapping


class SourceBase(StrictModel):
    """What every source may say.

    `handles` is the namespace in which the source's handles are unique (default: the source's own name); two sources
    of one system share it. `trust_addresses` false keeps this source's addresses from identifying people elsewhere.
    """

    name: str = Field(pattern=SLUG)
    community: str | CommunityMapping = CommunityMapping()
    audience: str | AudienceMapping | None = None
    document_kind: DocumentKind | None = None
    handles: str | None = None
    trust_addresses: bool = True
    url: str | None = None
    month_first: bool = False

    @field_validator("audience")
    @classmethod
    def _known_audience(cls, told: str | AudienceMapping | None) -> str | AudienceMapping | None:
        if isinstance(told, str):
            _check_audience(told, "audience", ())
        return told

    @property
    def audience_mapping(self) -> AudienceMapping:
        told = self.audience or AudienceMapping()
        return AudienceMapping(default=told) if isinstance(told, str) else told

    @property
    def community_mapping(self) -> CommunityMapping:
        return CommunityMapping(default=self.community) if isinstance(self.community, str) else self.community

    @property
    def handle_namespace(self) -> str:
        return self.handles or self.name


class FolderSource(SourceBase):
    """Files below a folder or in an archive (.zip, .tar, .tar.gz, .tar.xz, .tar.bz2), chosen by patterns as in a
    .gitignore. `file_dates` false ignores when files were changed (a fresh checkout dates them all today)."""

    kind: Literal["folder"]
    path: Path
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()
    sidecar: Sidecar | None = None
    file_dates: bool = True


class TableSource(SourceBase):
    """Rows of a CSV or JSON Lines file (may be compressed). `text` names the columns that hold prose, in order; each
    becomes a section under its column's name. `id` names the column that identifies a row."""

    kind: Literal["table"]
    path: Path
    id: str
    text: tuple[str, ...] = Field(min_length=1)
    fields: FieldMapping
    encoding: str | None = None
    delimiter: str | None = None


class ForumSource(SourceBase):
    """Discourse topics: a folder or archive of topic JSON at `path`, or a live site at `address`."""

    kind: Literal["forum"]
    path: Path | None = None
    address: str | None = None
    api_key: str | None = Field(default=None, repr=False)
    api_user: str | None = None
    include: tuple[str, ...] = ("**/*.json",)

    @model_validator(mode="after")
    def _one_place(self) -> "ForumSource":
        if (self.path is None) == (self.address is None):
            raise ValueError("needs either `path` (a folder or archive of topic JSON) or `address` (a live site)")
        return self


class ThreadsSource(SourceBase):
    """Threads in Knowwho's own JSON Lines format (may be compressed); the README describes a line."""

    kind: Literal["threads"]
    path: Path


class DirectorySource(SourceBase):
    """People, communities, units and memberships: one YAML file, or a folder of CSV files."""

    kind: Literal["directory"]
    path: Path


SourceSettings = Annotated[
    FolderSource | TableSource | ForumSource | ThreadsSource | DirectorySource, Field(discriminator="kind")
]


class EncoderSettings(StrictModel):
    """`model` is a folder, a hub name, or `all-MiniLM-L6-v2`, which comes with the package. `device` auto takes a GPU
    where torch finds one, `precision` auto 16 bit where that or the processor multiplies it fast. `threads` 0 takes
    every core. `batch_passages` is for models that have to be padded; others are cut by their tokens."""

    model: str
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "float32", "bfloat16"]
    threads: int = Field(ge=0)
    batch_passages: int = Field(ge=1)
    query_prompt: str
    passage_prompt: str


class ParsingSettings(StrictModel):
    """Limits of one parse; each runs in a child process that is ended when it oversteps."""

    workers: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    memory_megabytes: int = Field(ge=128)
    max_item_megabytes: int = Field(ge=1)
    max_characters: int = Field(ge=1000)


class PassageSettings(StrictModel):
    """Passages aim at `target_words` and never exceed `max_words`; a tail under `min_words` joins its neighbour. A
    block that at least `boilerplate_documents` documents and `boilerplate_share` of a source's documents repeat is in
    the passages of only one of them."""

    target_words: int = Field(ge=20)
    max_words: int = Field(ge=20)
    min_words: int = Field(ge=1)
    boilerplate_documents: int = Field(ge=2)
    boilerplate_share: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> "PassageSettings":
        if not self.min_words <= self.target_words <= self.max_words:
            raise ValueError("min_words, target_words and max_words must not decrease in this order")
        return self


class IndexSettings(StrictModel):
    """`segment_passages` bounds one segment; more than `max_segments` that are less than half full are merged.
    `vectors` says how those near to a question are found: `exact` compares all, `codes` many by short codes first,
    `auto` as is faster for the number of passages that may be found."""

    vectors: Literal["auto", "exact", "codes"]
    segment_passages: int = Field(ge=100)
    max_segments: int = Field(ge=1)
    keep_generations: int = Field(ge=1)


class IdentitySettings(StrictModel):
    """`placeholders` are names or handles that stand for nobody (shell patterns, any case)."""

    placeholders: tuple[str, ...]


class JobSettings(StrictModel):
    """`database` is the URL of the job engine's database (`postgresql+psycopg://…`); None keeps it in the home. A
    worker gives a sign of life every `heartbeat_seconds` and counts as gone after `gone_after_seconds` of silence.
    Ended jobs are forgotten after `keep_days`. An item that could not be read for a passing reason is tried again after
    `retry_minutes`, then after four times as long and so on, `retries` times in all; then it is parked."""

    database: str | None = Field(repr=False)
    heartbeat_seconds: float = Field(gt=0)
    gone_after_seconds: float = Field(gt=0)
    poll_seconds: float = Field(gt=0)
    keep_days: int = Field(ge=1)
    retries: int = Field(ge=0)
    retry_minutes: float = Field(gt=0)


class BackupSettings(StrictModel):
    """Backups go to `folder`, beside the home where that is None; the latest `keep` stay."""

    folder: Path | None
    keep: int = Field(ge=1)


class Settings(BaseSettings):
    """Everything the indexer may be told."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="KNOWWHO_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    home: Path
    default_visibility: Visibility
    sources: tuple[SourceSettings, ...] = ()
    encoder: EncoderSettings
    parsing: ParsingSettings
    passages: PassageSettings
    index: IndexSettings
    identity: IdentitySettings
    jobs: JobSettings
    backup: BackupSettings

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are named {', '.join(twice)}: give each a name of its own")
        return sources

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


AnySettings = TypeVar("AnySettings", bound=Settings)


def load_settings(kind: type[AnySettings], file: Path | None) -> AnySettings:
    """Settings of the given class from the defaults, then `file`, then the environment.

    Relative paths in `file` are taken from its folder. Raises SettingsInvalid, naming the file and each wrong key.
    """
    values = {key: value for key, value in _read_yaml(default_file()).items() if key in kind.model_fields}
    base = Path.cwd()
    if file is not None:
        values = _merged(values, _read_yaml(file))
        base = file.resolve().parent
    try:
        settings = kind(**values)
    except ValidationError as error:
        where = file or "the environment (KNOWWHO_…)"
        raise SettingsInvalid(f"{where}: {_explain(error)}") from error
    return _with_absolute_paths(settings, base)


def default_file() -> Path:
    """The file with the default values: beside the package in an installed wheel, else in the checkout."""
    installed = Path(__file__).with_name("default.yaml")
    return installed if installed.exists() else Path(__file__).parent.parent / "config" / "default.yaml"


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(
            f"{file}: cannot be read ({error.strerror}); give a settings file with --config"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # Not the library's own words: they quote the line, which may hold a secret.
        raise SettingsInvalid(f"{file}: is not valid YAML{_place(error)}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsInvalid(f"{file}: must hold keys and values, like `home: ~/.knowwho`")
    return values


def _place(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f" (line {mark.line + 1}, column {mark.column + 1}: {problem or 'error'})" if mark else ""


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"]) or "settings"
        unknown = problem["type"] == "extra_forbidden"
        message = "unknown key; see config/example.yaml for the keys there are" if unknown else problem["msg"]
        lines.append(f"{place}: {message}")
    return "; ".join(lines)


def _with_absolute_paths(settings: AnySettings, base: Path) -> AnySettings:
    def absolute(path: Path) -> Path:
        return Path(os.path.normpath(base / path.expanduser()))

    sources = tuple(
        source.model_copy(update={"path": absolute(source.path)}) if source.path is not None else source
        for source in settings.sources
    )
    folder = settings.backup.folder
    backup = settings.backup if folder is None else settings.backup.model_copy(update={"folder": absolute(folder)})
    return settings.model_copy(update={"home": absolute(settings.home), "sources": sources, "backup": backup})
