"""Bolt, of which only the front half is used: signatures, envelopes, acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_bolt.async_app import AsyncApp
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from typing_extensions import override

from bot.slack.logs import library_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_bolt.request.async_request import AsyncBoltRequest
    from slack_bolt.response import BoltResponse
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.slack.intake import Intake


class _Front(AsyncMiddleware):
    """The intake as Bolt's middleware.

    To a plain function Bolt would hand what it makes of the payload, and it trips over one that
    lacks a field.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @override
    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # Bolt's name for it
    ) -> BoltResponse:
        return await self._intake.before_authorize(req)


def bolt_app(client: AsyncWebClient, intake: Intake, signing_secret: str | None) -> AsyncApp:
    """Return Bolt's app with the intake before everything that could lose an event.

    Without a signing secret it must be given to sockets only; every request by HTTP is refused.
    """
    app = AsyncApp(
        logger=library_logger(),
        name="frontdesk",
        client=client,
        signing_secret=signing_secret or "",
        before_authorize=_Front(intake),
        # Belt and braces: nothing comes behind the intake, but if it did, it would be heard out
        # before Slack is told that all is well.
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )
    # Bolt makes loggers as it goes; these exist now.
    library_logger()
    return app
