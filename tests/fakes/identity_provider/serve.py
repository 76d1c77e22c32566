"""The process: `python -m tests.fakes.identity_provider.serve FOLDER CALLBACK` prints its issuer when it answers, and serves until its input ends."""

from __future__ import annotations

import os
import socketserver
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CLIENT_ID = "raiportal"
CLIENT_SECRET = "the secret of the portal at the provider"


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        return


def main(folder: str, callback: str) -> None:
    server = Server(("127.0.0.1", 0), Quiet)
    issuer = f"http://localhost:{server.server_port}/o"
    os.environ.update(DJANGO_SETTINGS_MODULE="tests.fakes.identity_provider.settings", IDENTITY_PROVIDER_FOLDER=folder, IDENTITY_PROVIDER_ISSUER=issuer)
    make_key(Path(folder) / "key.pem")
    server.set_app(prepare(callback))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(issuer + "\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends when the test session does, however that ends


def make_key(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def prepare(callback: str) -> object:
    """The application with its tables and the portal as its one client."""
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    django.setup()
    call_command("migrate", verbosity=0)
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=callback,
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )
    return get_wsgi_application()


if __name__ == "__main__":
    main(*sys.argv[1:])
