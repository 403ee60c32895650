"""Alembic's door: `migrate` hands it a connection with a transaction already open."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
