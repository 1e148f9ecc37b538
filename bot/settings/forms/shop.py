"""`shop/*.yaml`: the data of the demo shop."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.settings.forms.base import Name, ShortText, Strict, Text
from nlp.understanding import Language  # noqa: TC001 - pydantic reads the annotations

HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"'|]{1,2000}$")]
"""An address that a browser may be sent to without harm."""


class DemoProduct(Strict):
    """A product of the demo shop."""

    names: dict[Language, ShortText] = Field(description="Its name.")
    aliases: dict[Language, tuple[ShortText, ...]] = Field(
        default_factory=dict, description="What else people call it."
    )
    description: dict[Language, Text] = Field(description="One or two sentences.")
    prices: dict[Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")], str] = Field(
        description="Decimal string by currency."
    )
    stock: int = Field(ge=0, description="Pieces at hand.")
    restock_in_days: int | None = Field(default=None, description="When more will come.")
    category: Name = Field(description="Group on the shop page.")
    options: dict[Name, tuple[ShortText, ...]] = Field(
        default_factory=dict, description="Colours, sizes."
    )
    emoji: str = Field(default="", description="Picture on the shop page and on cards.")
    picture: HttpsUrl | None = Field(
        default=None, description="Photo on cards in the chat, instead of the emoji."
    )
    url: HttpsUrl | None = Field(default=None, description="Its page, linked from cards.")


class Catalogue(Strict):
    """`shop/products.yaml`."""

    products: dict[Name, DemoProduct] = Field(description="Products by id.")


class DemoOrderLine(Strict):
    """One product of a demo order."""

    product: Name = Field(description="Product id.")
    quantity: int = Field(default=1, gt=0, description="Pieces.")


class DemoRefund(Strict):
    """The refund of a demo order."""

    state: Literal["requested", "checking", "approved", "paid"] = Field(description="How far.")
    days_ago: int = Field(default=0, ge=0, description="When it came to that.")


class DemoOrder(Strict):
    """An order of a demo customer; its days are counted from today so that the demo stays fresh."""

    customer: Name = Field(description="Demo customer.")
    state: str = Field(description="Order state.")
    placed_days_ago: int = Field(ge=0, description="Days since it was placed.")
    dispatched_days_ago: int | None = Field(default=None, description="Days since it left.")
    delivered_days_ago: int | None = Field(default=None, description="Days since it arrived.")
    expected_in_days: int | None = Field(default=None, description="Days until it should arrive.")
    lines: tuple[DemoOrderLine, ...] = Field(min_length=1, description="What was ordered.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(
        description="Paid in."
    )
    delivery: Literal["standard", "express", "pickup"] = Field(
        default="standard", description="Way."
    )
    carrier: ShortText | None = Field(default=None, description="Who carries it.")
    tracking_number: ShortText | None = Field(default=None, description="The carrier's number.")
    invoice: Literal["none", "issued", "requested"] = Field(default="none", description="Invoice.")
    refund: DemoRefund | None = Field(default=None, description="Refund.")
    payment_method: ShortText = Field(default="card", description="How it was paid.")


class DemoCustomer(Strict):
    """A customer of the demo shop."""

    name: ShortText = Field(description="Name.")
    email: ShortText = Field(description="E-mail address.")
    phone: ShortText = Field(description="Phone, E.164.")
    tier: Name = Field(default="standard", description="Loyalty tier.")
    points: int = Field(default=0, ge=0, description="Loyalty points.")
    language: Language = Field(description="Preferred language.")
    address: Text = Field(description="Where parcels go.")


class DemoShop(Strict):
    """`shop/customers.yaml`: demo customers and their orders."""

    customers: dict[Name, DemoCustomer] = Field(description="Customers by id.")
    orders: dict[str, DemoOrder] = Field(description="Orders by number.")
