"""Talking to Slack, and nothing of what is said: what goes out, what comes in, and how to write it.

In:  `http` or `sockets` → Bolt → `intake` (on disk, then acknowledged) → `worker` (in order) → the
     handler that the desk and the channel give.
Out: `api`, which waits for its turn in `limits` and says of each failure whether it was sent.

slack_bolt and slack_sdk are imported nowhere else. `platform.Platform` puts the parts together.
"""
