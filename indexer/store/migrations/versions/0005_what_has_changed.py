"""What has changed since it was last indexed or resolved, noted by the database itself"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

PASSAGE_GONE = """
CREATE TRIGGER passage_gone AFTER DELETE ON passages BEGIN
    INSERT INTO outdated_passages (passage_id, gone) VALUES (old.id, 1);
END
"""
DOCUMENT_MOVED = """
CREATE TRIGGER document_moved AFTER UPDATE OF audience_id, community_id, kind, created, updated ON documents
WHEN old.audience_id IS NOT new.audience_id OR old.community_id IS NOT new.community_id OR old.kind IS NOT new.kind
    OR old.created IS NOT new.created OR old.updated IS NOT new.updated
BEGIN
    INSERT INTO outdated_passages (passage_id, gone) SELECT id, 0 FROM passages WHERE document_id = new.id;
END
"""
TOUCHED = """
CREATE TRIGGER {name} AFTER {event} BEGIN
    INSERT INTO touched_identities (identity_id) SELECT {row}
    WHERE NOT EXISTS (SELECT 1 FROM touched_identities WHERE identity_id = {row});
END
"""
TOUCHING = (
    ("contribution_made", "INSERT ON contributions", "new.identity_id"),
    ("contribution_gone", "DELETE ON contributions", "old.identity_id"),
    ("identities_linked", "INSERT ON identity_links", "new.one"),
    ("identities_unlinked", "DELETE ON identity_links", "old.one"),
    ("identity_named", "UPDATE OF display_name ON identities WHEN old.display_name IS NOT new.display_name", "new.id"),
    ("identity_vouched", "UPDATE OF vouched_for ON identities WHEN old.vouched_for IS NOT new.vouched_for", "new.id"),
)


def upgrade() -> None:
    op.create_table(
        "outdated_passages",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("passage_id", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outdated_passages")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "touched_identities",
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_touched_identities")),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    op.create_index(op.f("ix_identity_links_other"), "identity_links", ["other"], unique=False)
    op.execute(PASSAGE_GONE)
    op.execute(DOCUMENT_MOVED)
    for name, event, row in TOUCHING:
        op.execute(TOUCHED.format(name=name, event=event, row=row))
    op.execute("INSERT INTO touched_identities SELECT id FROM identities")
