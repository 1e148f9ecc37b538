"""What the service answers beside the chat: health, metrics, and headers on everything."""
