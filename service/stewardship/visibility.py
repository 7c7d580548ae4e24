"""Who may see a community, as a steward or an admin decides; that counts before what directories say, at once."""

from dataclasses import dataclass, replace

from indexer.domain.accounts import AuditAction
from indexer.domain.errors import NotAllowed, NotFound
from indexer.domain.people import Community, Visibility
from indexer.store import Transaction, decisions, people
from service.auth import Viewer, readable_audiences
from service.directory import viewers_of
from service.stewardship.desk import StewardDesk, may_decide


@dataclass(frozen=True, slots=True)
class VisibilityView:
    """Who may see a community. `said` is what the directory or the settings say, where something else was decided;
    `choices` say of each visibility who that is; `visible` whether the viewer still may see it."""

    community: Community
    said: Visibility | None
    viewers: str
    choices: dict[Visibility, str]
    visible: bool = True


def view_visibility(transaction: Transaction, viewer: Viewer | None, slug: str) -> VisibilityView:
    """NotFound for what the viewer may not know of, NotAllowed for what is not theirs to decide."""
    return _view(transaction, _community(transaction, viewer, slug))


def decide_visibility(desk: StewardDesk, slug: str, wanted: Visibility | None) -> VisibilityView:
    """Let these see a community from now on; None goes back to what the directory or the settings say. NotFound,
    NotAllowed."""
    with desk.home.database.begin() as transaction:
        before = _community(transaction, desk.viewer, slug)
        if wanted is None:
            decisions.forget_visibility(transaction, slug)
        else:
            decisions.decide_visibility(transaction, slug, wanted, before.visibility)
        after = next(c for c in people.all_communities(transaction) if c.slug == slug)
        detail = {"before": before.visibility, "after": after.visibility, "decided": wanted is not None}
        desk.home.tell(transaction, AuditAction.VISIBILITY_SET, slug, detail)
        visible = desk.viewer is None or slug in readable_audiences(transaction, desk.viewer).communities
        return replace(_view(transaction, after), visible=visible)


def _community(transaction: Transaction, viewer: Viewer | None, slug: str) -> Community:
    found = next((c for c in people.all_communities(transaction) if c.slug == slug), None)
    if found is None or (viewer is not None and slug not in readable_audiences(transaction, viewer).communities):
        raise NotFound(f"there is no community {slug}")
    if not may_decide(viewer, slug):
        raise NotAllowed("only stewards of a community and admins decide who may see it")
    return found


def _view(transaction: Transaction, community: Community) -> VisibilityView:
    count = people.count_members(transaction, community.slug)
    told = {visibility: viewers_of(replace(community, visibility=visibility)) for visibility in Visibility}
    told[Visibility.MEMBERS] += f": {count} {'person' if count == 1 else 'people'} now"
    said = decisions.said_visibility(transaction, community.slug)
    return VisibilityView(community, said, viewers_of(community), told)
