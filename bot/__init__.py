"""Frontdesk's service: channels, the turn, dialogue, actions, routing, delivery, command line."""
