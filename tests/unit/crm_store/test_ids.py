"""Ids sort by the time they were made."""

from __future__ import annotations

from crm_store.ids import new_id


def test_ids_are_different_and_in_order():
    ids = [new_id() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {26}
