"""A mail server on loopback that speaks SMTP, in a thread of its own: it takes mails, refuses some addresses, or keeps silent."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """`mails` are what it took, with their envelopes' recipients; `refused` maps an address to the code that it is refused with."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    is_silent: bool = False
    released: threading.Event = field(default_factory=threading.Event)


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        mail_server, recipient = self.server.mail_server, ""
        if mail_server.is_silent:
            mail_server.released.wait(30)
            return
        self._say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].split(":")[0].upper()
            if word == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
                code = mail_server.refused.get(recipient)
                self._say(f"{code} not here, by order of the secret cellar" if code else "250 fine")
            elif word == "DATA":
                self._say("354 go on")
                mail_server.mails.append((recipient, self._mail()))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _mail(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return message_from_bytes(b"".join(lines), policy=policy.default)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    mail_server: MailServer


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.mail_server = MailServer(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.mail_server
        finally:
            server.mail_server.released.set()
            server.shutdown()
            thread.join(5)
