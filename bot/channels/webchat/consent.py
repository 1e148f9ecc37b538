"""Consent: what a site has its visitors agree to before they may write, and who has.

Until they have agreed to the present version nothing that they send is taken in. What they agreed
to, when and in which language, is on disk before they are told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_store.drafts import Consent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.settings.model import Site
    from crm_store.store import Store


class Consents:
    """Asks for consent where a site demands it."""

    def __init__(
        self, store: Store, sites: Mapping[str, Site], clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._versions = {
            name: site.consent.version for name, site in sites.items() if site.consent is not None
        }
        self._clock = clock

    def demanded(self, site: str) -> str | None:
        """Return the version that a site demands; None when it demands none."""
        return self._versions.get(site)

    async def given(self, customer_id: str, site: str) -> bool:
        """Return whether a customer may write on a site."""
        version = self._versions.get(site)
        return version is None or await self._store.consents.given(customer_id, site, version)

    async def give(
        self, customer_id: str, conversation_id: str, site: str, locale: str | None
    ) -> tuple[datetime, bool]:
        """Keep that a customer agrees to the present version; return when, and whether again."""
        at = self._clock()
        consent = Consent(
            customer_id=customer_id,
            conversation_id=conversation_id,
            site=site,
            version=self._versions[site],
            locale=locale,
            at=at,
        )
        return at, await self._store.consents.give(consent)
