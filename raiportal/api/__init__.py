"""The API's own ground: authentication, pages, errors, idempotency, and the resource that every app's `api.py` builds on."""
