"""The agents' desk: tickets as cards in Slack, and what people do with them there."""
