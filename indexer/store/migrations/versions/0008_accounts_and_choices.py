"""Accounts, the audit trail, and what people decide about themselves and their documents"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# REPLACE would remove a row without asking the trigger for removals.
NOT_REPLACED = """
CREATE TRIGGER audit_entries_INSERT BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE number = NEW.number) BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only ever added to');
END
"""
KEPT = """
CREATE TRIGGER audit_entries_{event} BEFORE {event} ON audit_entries BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only ever added to');
END
"""
# An identity that somebody disowns, or owns again, may stand for somebody else.
TOUCHED = """
CREATE TRIGGER {name} AFTER {event} ON disowned_identities BEGIN
    INSERT INTO touched_identities (identity_id) SELECT id FROM identities
    WHERE kind = {row}.kind AND namespace = {row}.namespace AND value = {row}.value
        AND id NOT IN (SELECT identity_id FROM touched_identities);
END
"""
# Whatever changes who had which part in a document is noted, each document once, with a number higher than all before.
NOTED = """
CREATE TRIGGER {name} AFTER {event} BEGIN
    DELETE FROM changed_parts WHERE document_id IN ({documents});
    INSERT INTO changed_parts (document_id) {documents};
END
"""
BY_IDENTITY = "SELECT DISTINCT document_id FROM contributions WHERE identity_id = new.id"
MOVED = " OR ".join(f"old.{name} IS NOT new.{name}" for name in ("audience_id", "community_id", "created", "updated"))
NOTING = (
    ("part_added", "INSERT ON contributions", "SELECT new.document_id"),
    ("part_removed", "DELETE ON contributions", "SELECT old.document_id"),
    ("part_changed", "UPDATE ON contributions", "SELECT old.document_id UNION SELECT new.document_id"),
    (
        "parts_moved",
        f"UPDATE OF audience_id, community_id, created, updated ON documents WHEN {MOVED}",
        "SELECT new.id",
    ),
    ("parts_resolved", "UPDATE OF person_id ON identities WHEN old.person_id IS NOT new.person_id", BY_IDENTITY),
)
CHOSEN = """
CREATE TRIGGER {table}_{event} AFTER {event} ON {table} BEGIN
    DELETE FROM changed_choices;
    INSERT INTO changed_choices VALUES (NULL);
END
"""


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_index(op.f("ix_accounts_person"), "accounts", ["person"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "changed_choices",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changed_choices")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "changed_parts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changed_parts")),
        sa.UniqueConstraint("document_id", name=op.f("uq_changed_parts_document_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decided_audiences",
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("said_kind", sa.String(), nullable=False),
        sa.Column("said_subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_decided_audiences")),
    )
    op.create_table(
        "decided_visibilities",
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("community", name=op.f("pk_decided_visibilities")),
    )
    op.create_table(
        "disowned_identities",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "namespace", "value", "person", name=op.f("pk_disowned_identities")),
    )
    op.create_table(
        "erased",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erased")),
    )
    op.create_table(
        "person_choices",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_until", sa.Date(), nullable=True),
        sa.Column("questions_a_week", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_person_choices")),
    )
    op.create_table(
        "renamed_people",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renamed_people")),
    )
    op.create_index(op.f("ix_renamed_people_person"), "renamed_people", ["person"], unique=False)
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_at"), "sign_in_failures", ["at"], unique=False)
    op.create_index(op.f("ix_sign_in_failures_client"), "sign_in_failures", ["client"], unique=False)
    op.create_index(op.f("ix_sign_in_failures_name"), "sign_in_failures", ["name"], unique=False)
    op.create_table(
        "spent_attempts",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_spent_attempts")),
    )
    op.create_table(
        "subject_choices",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person", "subject", name=op.f("pk_subject_choices")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("used", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_tokens_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )
    op.create_index(op.f("ix_api_tokens_account_id"), "api_tokens", ["account_id"], unique=False)
    op.create_table(
        "logins",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_logins_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_account_id"), "logins", ["account_id"], unique=False)
    op.create_table(
        "one_time_links",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_one_time_links_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time_links")),
    )
    op.create_index(op.f("ix_one_time_links_account_id"), "one_time_links", ["account_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("seen", sa.DateTime(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.add_column("contributions", sa.Column("display_name", sa.String(), nullable=True))
    op.drop_index("ix_contributions_identity_id", "contributions")
    op.create_index("ix_contributions_identity_id_display_name", "contributions", ["identity_id", "display_name"])
    for column in ("action", "actor", "subject"):
        op.create_index(op.f(f"ix_audit_entries_{column}"), "audit_entries", [column], unique=False)
    op.create_index("ix_documents_community_id_audience_id", "documents", ["community_id", "audience_id"], unique=False)
    for event in ("UPDATE", "DELETE"):
        op.execute(KEPT.format(event=event))
    op.execute(NOT_REPLACED)
    op.execute(TOUCHED.format(name="identity_disowned", event="INSERT", row="new"))
    op.execute(TOUCHED.format(name="identity_owned_again", event="DELETE", row="old"))
    for name, event, documents in NOTING:
        op.execute(NOTED.format(name=name, event=event, documents=documents))
    for table in ("person_choices", "subject_choices", "person_redirects"):
        for event in ("INSERT", "UPDATE", "DELETE"):
            op.execute(CHOSEN.format(table=table, event=event))
