"""Building the whole index again beside the one that serves, from what the database keeps.

Nothing is read from a source. The new generation is verified before it is published; until then, and after a rollback,
the old one serves, with its own model and its own passages.
"""

import logging

from pydantic import ValidationError

from indexer.analysis import find_near_duplicates
from indexer.domain.errors import IndexCorrupt, IndexOutdated
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline.boilerplate import leave_out_boilerplate
from indexer.pipeline.build import BuildResult, build_generation
from indexer.pipeline.digests import settings_digest
from indexer.pipeline.recut import recut
from indexer.settings import PassageSettings, Settings
from indexer.store import documents, items

log = logging.getLogger(__name__)

DOCUMENTS_A_TRANSACTION = 50


def rebuild(home: Home, settings: Settings, report: ReportProgress = ignore_progress) -> BuildResult:
    """Split every document again with the settings' splitter, write every segment again with the settings' model,
    verify, publish. Texts that this model has embedded before are not embedded again. One that was killed goes on where
    it stopped.

    HomeBusy, EncoderUnavailable, GenerationInvalid where the new generation is not as it should be.
    """
    with home.writing():
        home.prepare()
        encoder = open_encoder(settings.encoder)
        _split_again(home, settings, report)
        built = build_generation(home, encoder, settings, report, anew=True)
        if built is None:
            raise IndexOutdated("nothing has been indexed yet: run `knowwho index`")
        return built


def _split_again(home: Home, settings: Settings, report: ReportProgress) -> None:
    with home.database.read() as transaction:
        read = [state.name for state in items.known_sources(transaction)]
    for source in read:
        leave_out_boilerplate(home, source, settings.passages, report)
        _recut_source(home, source, settings.passages, report)
    find_near_duplicates(home.database)
    _take_note(home, settings)


def _recut_source(home: Home, source: str, settings: PassageSettings, report: ReportProgress) -> None:
    """Give the documents of a source the passages that they would get today; those they had are kept for the
    generations that hold them."""
    with home.database.read() as transaction:
        ids = documents.ids_of(transaction, source)
    for start in range(0, len(ids), DOCUMENTS_A_TRANSACTION):
        report(Progress(f"splitting {source}", start, len(ids), "documents"))
        with home.database.begin() as transaction:
            for changed in recut(transaction, ids[start : start + DOCUMENTS_A_TRANSACTION], settings):
                documents.replace_passages(transaction, changed.document, changed.passages)
    report(Progress(f"splitting {source}", len(ids), len(ids), "documents"))


def _take_note(home: Home, settings: Settings) -> None:
    """Where nothing but the splitter has changed since a source was read, it need not be read again for that."""
    before = _settings_before(home, settings)
    with home.database.begin() as transaction:
        for source in settings.sources:
            state = items.source_state(transaction, source.name)
            if state is not None and before and state.settings_digest == settings_digest(source, before):
                digest = settings_digest(source, settings)
                items.save_settings_digest(transaction, source.name, digest)


def _settings_before(home: Home, settings: Settings) -> Settings | None:
    """The settings with the splitter of the generation that serves; None where that is not known."""
    try:
        name = home.index.current_name()
        splitter = home.index.manifest(name).splitter if name else {}
        return settings.model_copy(update={"passages": PassageSettings(**splitter)})
    except (IndexCorrupt, ValidationError) as error:
        log.warning("sources will be read again, since it is not known how they were split: %s", error)
        return None
