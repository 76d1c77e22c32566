"""How Debian's chromium is started: nothing in the background, nothing of its own on the network."""

from __future__ import annotations

import os

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def executable() -> str:
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")
