"""What an admin does with generations: roll back, remove."""

from dataclasses import dataclass

import numpy as np

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import IndexCorrupt
from indexer.domain.progress import ReportProgress, ignore_progress
from indexer.embedding import encoder_spec
from indexer.home import Home
from indexer.pipeline.verify import stored_and_known, verify
from indexer.settings import Settings


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Which generation serves now in place of which, and what the admin should know, in sentences."""

    generation: str
    before: str | None
    advice: tuple[str, ...]


def roll_back(home: Home, settings: Settings, name: str, report: ReportProgress = ignore_progress) -> RolledBack:
    """Let another generation serve, after every byte of it has been checked; running services turn to it at once.

    NotFound, GenerationInvalid where it serves already, IndexCorrupt where it is damaged, HomeBusy.
    """
    with home.writing():
        before = home.index.current_name()
        home.index.expect_other(name)
        verified = verify(home, report, name)
        if not verified.whole:
            raise IndexCorrupt(f"generation {name} is damaged and cannot serve: {'; '.join(verified.problems)}")
        with home.database.begin() as transaction:
            home.index.roll_back(name)
            home.tell(transaction, AuditAction.GENERATION_CHANGED, name, {"change": "rolled back", "before": before})
        return RolledBack(name, before, tuple(_advice(home, settings, name)))


def remove_generation(home: Home, name: str) -> None:
    """Remove a generation that does not serve, with what only it uses. NotFound, GenerationInvalid, HomeBusy."""
    with home.writing(), home.database.begin() as transaction:
        home.index.remove(name)  # first: on a full disk, nothing can be written before something has gone
        home.tell(transaction, AuditAction.GENERATION_CHANGED, name, {"change": "removed"})


def _advice(home: Home, settings: Settings, name: str) -> list[str]:
    manifest, held = home.index.manifest(name), home.index.open(name).passage_ids()
    with home.database.read() as transaction:
        stored, known = stored_and_known(transaction)
    told = [
        "The database is the truth: the next reindex brings the index up to date with it again. Pause the schedules "
        "if this generation is to serve for longer."
    ]
    if gone := len(np.setdiff1d(held, known)):
        told.append(f"{gone} of its {len(held)} passages are no longer in the database, so nobody sees them.")
    if missing := len(np.setdiff1d(stored, held)):
        told.append(f"{missing} passages of the database are not in it and cannot be found for now.")
    asked = encoder_spec(settings.encoder)
    if any(manifest.encoder.get(name, asked[name]) != asked[name] for name in asked.keys() - {"precision"}):
        told.append(
            f"It was made with the model {manifest.encoder['model']}, and the next reindex goes by the settings, which "
            f"say {settings.encoder.model}: set encoder.model back to keep it."
        )
    return told
