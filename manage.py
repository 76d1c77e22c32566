#!/usr/bin/env python
"""The portal's command line. `up`, `doctor` and `sandbox` work without a database; everything else is a Django command."""

import os
import sys

OLDEST_PYTHON = (3, 11)
OWNER_COMMANDS = ("restore", "prepare_database", "migrate")  # work as the owner of the tables


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        sys.stderr.write("raiportal needs Python 3.11 or newer: install it and run `make up PYTHON=python3.11`.\n")
        return 1
    from raiportal.embedded import doctor, environment, simulator, up
    from raiportal.embedded.errors import CannotStart
    from raiportal.status import alive

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raiportal.settings")
    early = {"up": up.main, "doctor": doctor.main, "sandbox": simulator.main, "healthy": alive.main}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if early:
        return early(sys.argv[2:])
    try:
        environment.attach(as_owner=sys.argv[1:2] in ([name] for name in OWNER_COMMANDS))
    except CannotStart as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    if "RAIPORTAL_SECRET_KEY" not in os.environ and sys.argv[1:2] != ["help"]:
        sys.stderr.write("Nothing was started from this checkout yet: run `make up`. If it was, with DATA=, set RAIPORTAL_DATA to that folder.\n")
        return 1
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
