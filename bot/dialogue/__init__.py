"""Deciding: what a message means for the conversation, and what is asked or done next. Pure."""
