"""Telling people and programs what happened: an outbox written with the change, sent to the portal, by mail and to webhooks."""
