"""Slack as a channel for customers: direct messages, mentions, and channels of theirs."""

from bot.channels.slack.customers import SlackCustomers
from bot.channels.slack.visitors import CHANNEL

__all__ = ["CHANNEL", "SlackCustomers"]
