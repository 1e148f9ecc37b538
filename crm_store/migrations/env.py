"""Alembic's way in: runs the steps on the connection that `crm_store.schema` hands over.

The transaction is the caller's, so that a failing step leaves the database as it was.
"""

from __future__ import annotations

from alembic import context

from crm_store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
