"""Who may use which route: the whole of it, one row a route and method. What has no row is refused to everybody.

The tests of permissions are made from this table, so a route without a row fails them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from indexer.domain.accounts import Scope
from service.auth.permissions import Viewer

API = "/api/v1"


class Need(StrEnum):
    """What a route asks of whoever uses it. `open`: nothing, for what one needs to sign in. `reader`: to be signed in,
    unless the settings let everybody read. `signed in`: an account. `steward`: to look after a community; which one is
    for the use case to check. `admin`."""

    OPEN = "open"
    READER = "reader"
    SIGNED_IN = "signed in"
    STEWARD = "steward"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Rule:
    """`scope` is what a token must be for; None means that only people in a browser may."""

    need: Need
    scope: Scope | None = None


class Refusal(StrEnum):
    """Why somebody may not use a route."""

    UNKNOWN_ROUTE = "nothing says who may use this, so nobody may"
    SIGN_IN = "sign in to use this"
    SCOPE = "the token is not for this: make one with the scope that it needs"
    STEWARD = "only stewards and admins may do this"
    ADMIN = "only admins may do this"


READ = Rule(Need.READER, Scope.SEARCH)
JUDGE = Rule(Need.READER, Scope.FEEDBACK)
STEWARD = Rule(Need.STEWARD, Scope.STEWARD)
STEWARD_PAGE = Rule(Need.STEWARD)
ADMIN = Rule(Need.ADMIN, Scope.ADMIN)
ADMIN_PAGE = Rule(Need.ADMIN)
READ_PAGE = Rule(Need.READER)
OPEN_PAGE = Rule(Need.OPEN)
OWN = Rule(Need.SIGNED_IN, Scope.ACCOUNT)
OWN_PAGE = Rule(Need.SIGNED_IN)

RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", f"{API}/openapi.json"): Rule(Need.OPEN, Scope.SEARCH),
    ("GET", f"{API}/health"): Rule(Need.OPEN, Scope.SEARCH),
    ("GET", f"{API}/search"): READ,
    ("GET", f"{API}/people"): READ,
    ("POST", f"{API}/people/shortlist"): READ,
    ("GET", f"{API}/people/{{person_id}}"): READ,
    ("GET", f"{API}/communities"): READ,
    ("GET", f"{API}/communities/{{slug}}"): READ,
    ("GET", f"{API}/documents/{{document_id}}"): READ,
    ("GET", f"{API}/documents/{{document_id}}/audience"): STEWARD,
    ("PUT", f"{API}/documents/{{document_id}}/audience"): STEWARD,
    ("PUT", f"{API}/communities/{{slug}}/visibility"): STEWARD,
    ("GET", f"{API}/feedback"): READ,
    ("POST", f"{API}/feedback"): JUDGE,
    ("DELETE", f"{API}/feedback/{{judgement_id}}"): JUDGE,
    ("GET", f"{API}/jobs"): ADMIN,
    ("POST", f"{API}/jobs"): ADMIN,
    ("POST", f"{API}/jobs/plan"): ADMIN,
    ("GET", f"{API}/jobs/{{job_id}}"): ADMIN,
    ("POST", f"{API}/jobs/{{job_id}}/cancel"): ADMIN,
    ("POST", f"{API}/jobs/{{job_id}}/retry"): ADMIN,
    ("GET", f"{API}/schedules"): ADMIN,
    ("GET", f"{API}/next-runs"): ADMIN,
    ("POST", f"{API}/schedules"): ADMIN,
    ("GET", f"{API}/schedules/{{name}}"): ADMIN,
    ("PATCH", f"{API}/schedules/{{name}}"): ADMIN,
    ("DELETE", f"{API}/schedules/{{name}}"): ADMIN,
    ("POST", f"{API}/schedules/{{name}}/pause"): ADMIN,
    ("POST", f"{API}/schedules/{{name}}/resume"): ADMIN,
    ("POST", f"{API}/schedules/{{name}}/run"): ADMIN,
    ("GET", f"{API}/generations"): ADMIN,
    ("GET", f"{API}/generations/cost"): ADMIN,
    ("POST", f"{API}/generations/verify"): ADMIN,
    ("GET", f"{API}/generations/{{name}}"): ADMIN,
    ("POST", f"{API}/generations/{{name}}/roll-back"): ADMIN,
    ("DELETE", f"{API}/generations/{{name}}"): ADMIN,
    ("GET", f"{API}/sources"): ADMIN,
    ("GET", f"{API}/sources/{{name}}"): ADMIN,
    ("POST", f"{API}/sources/{{name}}/reindex"): ADMIN,
    ("GET", f"{API}/sources/{{name}}/dead-letters"): ADMIN,
    ("POST", f"{API}/sources/{{name}}/dead-letters/retry"): ADMIN,
    ("GET", f"{API}/backups"): ADMIN,
    ("POST", f"{API}/backups"): ADMIN,
    ("GET", "/static"): Rule(Need.OPEN),
    ("GET", f"{API}/accounts"): ADMIN,
    ("POST", f"{API}/accounts"): ADMIN,
    ("GET", f"{API}/accounts/{{account_id}}"): ADMIN,
    ("PATCH", f"{API}/accounts/{{account_id}}"): ADMIN,
    ("DELETE", f"{API}/accounts/{{account_id}}"): ADMIN,
    ("POST", f"{API}/accounts/{{account_id}}/sign-out"): ADMIN,
    # Whoever has such a link becomes that account: no program gets itself one.
    ("POST", f"{API}/accounts/{{account_id}}/password-link"): ADMIN_PAGE,
    ("GET", f"{API}/account/export"): Rule(Need.SIGNED_IN, Scope.ACCOUNT),
    ("POST", f"{API}/account/erase"): Rule(Need.SIGNED_IN),
    ("GET", f"{API}/people/{{person_id}}/export"): ADMIN,
    ("POST", f"{API}/people/{{person_id}}/erase"): ADMIN,
    ("GET", "/account/data"): Rule(Need.SIGNED_IN),
    ("GET", "/account/data/export"): Rule(Need.SIGNED_IN),
    ("POST", "/account/data/erase"): Rule(Need.SIGNED_IN),
    ("GET", f"{API}/audit"): ADMIN,
    ("GET", f"{API}/audit/export"): ADMIN,
    ("GET", f"{API}/account"): OWN,
    ("GET", f"{API}/account/tokens"): OWN,
    ("POST", f"{API}/account/tokens"): OWN_PAGE,
    ("DELETE", f"{API}/account/tokens/{{token_id}}"): OWN,
    ("GET", f"{API}/account/sessions"): OWN,
    ("DELETE", f"{API}/account/sessions/{{session_id}}"): OWN,
    ("GET", "/sign-in"): OPEN_PAGE,
    ("POST", "/sign-in"): OPEN_PAGE,
    ("POST", "/sign-out"): OPEN_PAGE,
    ("GET", "/first-admin/{secret}"): OPEN_PAGE,
    ("POST", "/first-admin/{secret}"): OPEN_PAGE,
    ("GET", "/choose-password/{secret}"): OPEN_PAGE,
    ("POST", "/choose-password/{secret}"): OPEN_PAGE,
    ("GET", "/account"): OWN_PAGE,
    ("POST", "/account/password"): OWN_PAGE,
    ("POST", "/account/sessions/{session}/end"): OWN_PAGE,
    ("POST", "/account/tokens"): OWN_PAGE,
    ("POST", "/account/tokens/{token}/remove"): OWN_PAGE,
    ("GET", "/sign-in/{provider}"): OPEN_PAGE,
    ("GET", "/sign-in/{provider}/callback"): OPEN_PAGE,
    ("GET", f"{API}/account/profile"): OWN,
    ("PATCH", f"{API}/account/profile"): OWN,
    ("PUT", f"{API}/account/profile/subjects/{{subject}}"): OWN,
    ("DELETE", f"{API}/account/profile/subjects/{{subject}}"): OWN,
    ("GET", f"{API}/account/identities"): OWN,
    ("POST", f"{API}/account/identities/{{identity_id}}/disown"): OWN,
    ("DELETE", f"{API}/account/identities/{{identity_id}}/disown"): OWN,
    ("GET", "/account/profile"): OWN_PAGE,
    ("POST", "/account/profile"): OWN_PAGE,
    ("GET", "/"): READ_PAGE,
    ("GET", "/people/{person_id}"): READ_PAGE,
    ("GET", "/shortlist"): READ_PAGE,
    ("POST", "/shortlist"): READ_PAGE,
    ("GET", "/communities"): READ_PAGE,
    ("GET", "/communities/{slug}"): READ_PAGE,
    ("GET", "/documents/{document_id}"): READ_PAGE,
    ("POST", "/documents/{document_id}/audience"): STEWARD_PAGE,
    ("POST", "/communities/{slug}/visibility"): STEWARD_PAGE,
    ("POST", "/feedback"): READ_PAGE,
    ("GET", "/admin"): ADMIN_PAGE,
    ("GET", "/admin/jobs"): ADMIN_PAGE,
    ("POST", "/admin/jobs"): ADMIN_PAGE,
    ("GET", "/admin/jobs/{job_id}"): ADMIN_PAGE,
    ("POST", "/admin/jobs/{job_id}/cancel"): ADMIN_PAGE,
    ("POST", "/admin/jobs/{job_id}/retry"): ADMIN_PAGE,
    ("GET", "/admin/schedules"): ADMIN_PAGE,
    ("POST", "/admin/schedules"): ADMIN_PAGE,
    ("GET", "/admin/schedules/{name}"): ADMIN_PAGE,
    ("POST", "/admin/schedules/{name}"): ADMIN_PAGE,
    ("POST", "/admin/schedules/{name}/pause"): ADMIN_PAGE,
    ("POST", "/admin/schedules/{name}/resume"): ADMIN_PAGE,
    ("POST", "/admin/schedules/{name}/run"): ADMIN_PAGE,
    ("POST", "/admin/schedules/{name}/remove"): ADMIN_PAGE,
    ("GET", "/admin/sources"): ADMIN_PAGE,
    ("GET", "/admin/sources/{name}"): ADMIN_PAGE,
    ("POST", "/admin/sources/{name}/reindex"): ADMIN_PAGE,
    ("POST", "/admin/sources/{name}/retry"): ADMIN_PAGE,
    ("GET", "/admin/generations"): ADMIN_PAGE,
    ("GET", "/admin/generations/cost"): ADMIN_PAGE,
    ("POST", "/admin/generations/verify"): ADMIN_PAGE,
    ("POST", "/admin/generations/rebuild"): ADMIN_PAGE,
    ("POST", "/admin/generations/{name}/roll-back"): ADMIN_PAGE,
    ("POST", "/admin/generations/{name}/remove"): ADMIN_PAGE,
    ("GET", "/admin/accounts"): ADMIN_PAGE,
    ("POST", "/admin/accounts"): ADMIN_PAGE,
    ("GET", "/admin/accounts/{account_id}"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/link"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/disable"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/enable"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/promote"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/demote"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/person"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/sign-out"): ADMIN_PAGE,
    ("POST", "/admin/accounts/{account_id}/remove"): ADMIN_PAGE,
    ("GET", "/admin/audit"): ADMIN_PAGE,
    ("GET", "/admin/backups"): ADMIN_PAGE,
    ("POST", "/admin/backups"): ADMIN_PAGE,
}


def rule_for(method: str, path: str) -> Rule | None:
    """The row of a route, by the path that it was declared with."""
    return RULES.get(("GET" if method == "HEAD" else method, path))


def why_refused(rule: Rule | None, viewer: Viewer, anonymous: bool) -> Refusal | None:
    """Why the viewer may not use a route; None where they may. `anonymous` says whether everybody may read."""
    if rule is None:
        return Refusal.UNKNOWN_ROUTE
    if rule.need is Need.OPEN:
        return None
    if not viewer.signed_in:
        return None if rule.need is Need.READER and anonymous else Refusal.SIGN_IN
    if viewer.scopes is not None and rule.scope not in viewer.scopes:
        return Refusal.SCOPE
    return _why_not_in_role(rule.need, viewer)


def _why_not_in_role(need: Need, viewer: Viewer) -> Refusal | None:
    if need is Need.ADMIN and not viewer.admin:
        return Refusal.ADMIN
    if need is Need.STEWARD and not (viewer.admin or viewer.stewards):
        return Refusal.STEWARD
    return None
