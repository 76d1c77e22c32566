"""The one way the embedded default says that it can't go on."""


class CannotStart(Exception):
    """A condition that the person at the terminal has to change; the message is one sentence that says how."""
