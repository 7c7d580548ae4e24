"""Indexes for what is looked up with every question and every look at health"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("ix_documents_community_id_updated", "documents", ["community_id", "updated"], unique=False)
    op.create_index("ix_jobs_asked_by_created", "jobs", ["asked_by", "created"], unique=False)
