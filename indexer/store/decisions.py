"""What stewards and admins decided about who may read. It counts before what sources and directories say, which is
kept beside it for the day the decision is taken back."""

from collections.abc import Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.domain.content import Audience, AudienceKind
from indexer.domain.people import Visibility
from indexer.store.batches import in_batches
from indexer.store.database import Transaction
from indexer.store.tables import communities, decided_audiences, decided_visibilities


def said_audience(transaction: Transaction, document: str) -> Audience | None:
    """What the source says of a document (public id) about which something was decided; None where nothing was."""
    row = transaction.execute(select(decided_audiences).where(decided_audiences.c.document == document)).first()
    return None if row is None else Audience(AudienceKind(row.said_kind), row.said_subject)


def decide_audience(transaction: Transaction, document: str, decided: Audience, said: Audience) -> None:
    """Keep who may read a document (public id) from now on, and what its source says, which an earlier decision knows
    better."""
    values = {"kind": decided.kind, "subject": decided.subject}
    statement = insert(decided_audiences).values(
        document=document, **values, said_kind=said.kind, said_subject=said.subject
    )
    transaction.execute(statement.on_conflict_do_update(index_elements=["document"], set_=values))


def forget_audience(transaction: Transaction, document: str) -> None:
    """Let the source say again who may read a document (public id)."""
    transaction.execute(delete(decided_audiences).where(decided_audiences.c.document == document))


def decided_audiences_of(transaction: Transaction, said: Mapping[str, Audience]) -> dict[str, Audience]:
    """Who may read documents (public ids) of which their sources say this now."""
    column = decided_audiences.c.document
    found = {
        document
        for batch in in_batches(said)
        for document in transaction.execute(select(column).where(column.in_(batch))).scalars()
    }
    return {
        document: _noted(transaction, document, audience) if document in found else audience
        for document, audience in said.items()
    }


def _noted(transaction: Transaction, document: str, said: Audience) -> Audience:
    statement = update(decided_audiences).where(decided_audiences.c.document == document)
    noted = statement.values(said_kind=said.kind, said_subject=said.subject).returning(decided_audiences)
    row = transaction.execute(noted).one()
    return Audience(AudienceKind(row.kind), row.subject)


def said_visibility(transaction: Transaction, community: str) -> Visibility | None:
    """What the directory or the settings say of a community (slug) about which something was decided; None where
    nothing was."""
    statement = select(decided_visibilities.c.said).where(decided_visibilities.c.community == community)
    said = transaction.execute(statement).scalar()
    return None if said is None else Visibility(said)


def decide_visibility(transaction: Transaction, community: str, decided: Visibility, said: Visibility) -> None:
    """Set who may see a community (slug) from now on; `said` is what held before the first decision."""
    statement = insert(decided_visibilities).values(community=community, visibility=decided, said=said)
    transaction.execute(statement.on_conflict_do_update(index_elements=["community"], set_={"visibility": decided}))
    _set_visibility(transaction, community, decided)


def forget_visibility(transaction: Transaction, community: str) -> None:
    """Go back to what the directory or the settings say of a community (slug)."""
    said = said_visibility(transaction, community)
    transaction.execute(delete(decided_visibilities).where(decided_visibilities.c.community == community))
    if said is not None:
        _set_visibility(transaction, community, said)


def keep_decided_visibility(transaction: Transaction, community: str, said: Visibility) -> None:
    """Put what was decided about a community (slug) back over what a directory says of it now."""
    statement = update(decided_visibilities).where(decided_visibilities.c.community == community).values(said=said)
    decided = transaction.execute(statement.returning(decided_visibilities.c.visibility)).scalar()
    if decided is not None:
        _set_visibility(transaction, community, Visibility(decided))


def _set_visibility(transaction: Transaction, community: str, visibility: Visibility) -> None:
    transaction.execute(update(communities).where(communities.c.slug == community).values(visibility=visibility))
