"""The web chat: `frontdesk.v1` over WebSockets, and over plain HTTP where those are blocked.

Checks who may talk, takes messages in, and shows what was recorded. Knows nothing of turns: it is
given a `receive` to call. `webchat.WebChat` is the way in.
"""

from bot.channels.webchat.webchat import WebChat

__all__ = ["WebChat"]
