"""Answers where somebody pressed something: the one way to change what only they can see.

Slack hands out an address with each press, for half an hour and five answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from bot.errors import ChannelError
from bot.slack.addresses import require_slacks
from bot.slack.errors import SlackRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.calls import Calls
    from bot.slack.credentials import Credentials
    from bot.slack.mrkdwn import Block

WITHIN_S = 10.0

METHOD = "response_url"


class Responses:
    """Answers to presses."""

    def __init__(self, calls: Calls, credentials: Credentials) -> None:
        self._calls = calls
        self._api = URL(credentials.api_url)
        self._timeout = aiohttp.ClientTimeout(total=WITHIN_S, sock_connect=5.0)

    async def replace(self, url: str, text: str, blocks: Sequence[Block]) -> None:
        """Put something else in the place of the message on which somebody pressed.

        Raises:
            SlackRefused: The address is not Slack's, or is used up.
            ChannelError: Slack was not reached, or is busy.
        """
        try:
            address = URL(url)
            require_slacks(METHOD, address, self._api)
        except ValueError:
            raise SlackRefused("not_slacks", METHOD) from None
        body = {"replace_original": True, "text": text, "blocks": list(blocks)}
        try:
            async with self._calls.session.post(
                address,
                json=body,
                timeout=self._timeout,
                proxy=self._calls.client.proxy,
                allow_redirects=False,
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError) as error:
            raise ChannelError(f"a press was not answered ({type(error).__name__})") from None
        if status == 429 or status >= 500:  # busy, or broken
            raise ChannelError(f"a press was not answered (status {status})")
        if status != 200:  # OK
            raise SlackRefused(f"status_{status}", METHOD)
