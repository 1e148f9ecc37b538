"""Strict checks of Block Kit: what Slack refuses, refused here, whole and with its reasons."""
