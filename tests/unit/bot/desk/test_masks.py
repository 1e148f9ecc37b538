"""Masked contacts: whoever reads one learns nothing of what it hides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import masks

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=30)


@given(NAMES, NAMES)
def test_an_address_tells_nothing_of_its_name_but_the_first_letter(one, other) -> None:
    first, second = (masks.email(f"a{name}@example.com") for name in (one, other))
    assert first == second == "a•••@example.com"


def test_a_name_of_one_letter_is_hidden_whole() -> None:
    assert masks.email("a@example.com") == "•••@example.com"


@given(st.text(max_size=50))
def test_what_is_no_address_is_hidden_whole(text) -> None:
    assert masks.email(text.replace("@", "")) == masks.HIDDEN


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_a_number_tells_its_country_and_its_end(one, other) -> None:
    assert masks.phone(f"+86138{one}12") == masks.phone(f"+86138{other}12") == "+86•••12"


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("+14155550123", "+1•••23"),
        ("+85291234567", "+852•••67"),
        ("13800138012", "•••12"),
        ("12345", "•••"),
        ("", "•••"),
        ("no number", "•••"),
    ],
)
def test_numbers(number, mask) -> None:
    assert masks.phone(number) == mask


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("上海市徐汇区桂花里路88弄6号楼502室", "上海市•••"),
        ("广东省深圳市南山区榕树湾路26号3栋1204室", "深圳市•••"),
        ("2418 Alder Lane, Apt 5, Oakland, CA 94610", "•••, Oakland"),
        ("77 Wren Street, Apt 3B, Brooklyn, NY 11231", "•••, Brooklyn"),
        ("Apt 5, Alder Lane, CA 94610", "•••"),
        ("南京路市场88号", "•••"),
        ("88 Pine Street", "•••"),
        ("CA 94610", "•••"),
        ("", "•••"),
    ],
)
def test_addresses_keep_their_city_where_it_is_sure(address, mask) -> None:
    assert masks.address(address) == mask


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "siyu.chen@example.com", "s•••@example.com"),
        ("new_value", "siyu.chen@example.com", "s•••@example.com"),
        ("details", "write to siyu.chen@example.com", "•••"),
        ("contact", "+8613800138012", "+86•••12"),
        ("contact", "in the evening", "•••"),
        ("phone", "+8613800138012", "+86•••12"),
        ("order_number", "AB123456", "AB123456"),
    ],
)
def test_what_a_customer_named_is_masked_where_it_is_a_contact(kind, value, shown) -> None:
    assert masks.named(kind, value) == shown
