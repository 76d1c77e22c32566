"""People and steps of decisions on harms, shared by tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from harms import actions
from harms.models import Harm
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError
from raiportal.signoffs import actions as sign_offs
from raiportal.signoffs.models import SignOffRequest
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system


class Scene:
    """A system with its owner, and risk managers who had no hand in its harms."""

    def __init__(self) -> None:
        self.system: AISystem = make_system()
        self.owner = make_user(Role.OWNER, scope=self.system.scope)
        self.manager = make_user(Role.RISK_MANAGER)

    def harm(self, levels: tuple[int, int] | None = (3, 3), *, treatment: str = "accept", **fields: Any) -> Harm:
        harm = make_harm(self.system, assessed=levels, actor=self.owner, **fields)
        if levels and treatment:
            actions.set_treatment(harm_id=harm.pk, treatment=treatment, words="A person reads every answer.", actor=self.owner)
            harm.refresh_from_db()
        return harm

    def ask(self, harm: Harm) -> SignOffRequest:
        return sign_offs.request_sign_off(kind="harms.acceptance", subject_id=harm.pk, message="We bear what remains.", actor=self.owner)

    def sign(self, request: SignOffRequest, *, verdict: str = "approve", person: User | None = None, role: str = "risk_manager") -> None:
        signer = User.objects.get(pk=(person or self.manager).pk)
        sign_offs.sign(request_id=request.pk, role=role, verdict=verdict, reason="Looked through.", seen=request.digest, actor=signer)

    def accepted(self, levels: tuple[int, int] = (3, 3), **fields: Any) -> tuple[Harm, SignOffRequest]:
        harm = self.harm(levels, **fields)
        request = self.ask(harm)
        self.sign(request)
        harm.refresh_from_db()
        request.refresh_from_db()
        return harm, request


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do them at the same moment, each on a connection of its own; what each came to, "done" or the refusal's code."""
    barrier, told = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int) -> None:
        try:
            barrier.wait()
            acts[place]()
            told[place] = "done"
        except RaiportalError as error:
            told[place] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told
