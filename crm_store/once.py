"""What a sender may send again: facts under the sender's own id, kept once.

The same id with the same content is the same fact; with other content it is a mistake of the
sender, and nothing is changed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm_store.batches import Keys, upsert
from crm_store.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select, Table

Row = dict[str, Any]


def keep_once(
    connection: Connection, table: Table, rows: Sequence[Row], compared: tuple[str, ...]
) -> list[bool | Conflict]:
    """Keep rows of a table whose key is (conversation_id, client_id).

    Args:
        connection: In a transaction.
        table: The table.
        rows: One for each fact; they may repeat each other.
        compared: The columns that make two facts of one id the same.

    Returns:
        For each row whether it was there before, or Conflict where another one was.
    """
    wanted = Keys.of((row["conversation_id"], row["client_id"]) for row in rows)
    found = connection.execute(_existing(table), wanted).mappings()
    known: dict[tuple[str, str], Any] = {(r["conversation_id"], r["client_id"]): r for r in found}
    outcomes: list[bool | Conflict] = []
    new: list[Row] = []
    for row in rows:
        key = (row["conversation_id"], row["client_id"])
        first = known.get(key)
        if first is None:
            known[key] = row
            new.append(row)
            outcomes.append(False)
        elif all(first[name] == row[name] for name in compared):
            outcomes.append(True)
        else:
            outcomes.append(Conflict("this id stands for something else"))
    if new:
        connection.execute(upsert(connection.dialect.name, table, ()), new)
    return outcomes


@cache
def _existing(table: Table) -> Select[Any]:
    keys = Keys(str, str)
    return (
        select(table)
        .select_from(keys.table)
        .join(table, (table.c.conversation_id == keys[0]) & (table.c.client_id == keys[1]))
    )
