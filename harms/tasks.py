"""Tasks of the harm register, of rating rounds and of red-team campaigns."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from harms import actions
from raiportal.accounts.models import User


@shared_task(name="harms.tasks.drop_old_uploads", soft_time_limit=300, time_limit=360)
def drop_old_uploads(**_: Any) -> None:
    actions.drop_old_uploads(actor=User.system())


@shared_task(name="harms.tasks.send_turn", soft_time_limit=200, time_limit=240)
def send_turn(turn_id: int, **_: Any) -> None:
    actions.deliver_turn(turn_id=turn_id, actor=User.system())


@shared_task(name="harms.tasks.play_replay", soft_time_limit=1800, time_limit=1860)
def play_replay(session_id: int, **_: Any) -> None:
    actions.play_replay(session_id=session_id, actor=User.system())


@shared_task(name="harms.tasks.sweep_probes", soft_time_limit=120, time_limit=180)
def sweep_probes(**_: Any) -> None:
    actions.sweep_probes(actor=User.system())


@shared_task(name="harms.tasks.delete_old_transcripts", soft_time_limit=600, time_limit=660)
def delete_old_transcripts(**_: Any) -> None:
    actions.delete_old_transcripts(actor=User.system())


@shared_task(name="harms.tasks.close_due_rounds", soft_time_limit=120, time_limit=180)
def close_due_rounds(**_: Any) -> None:
    actions.close_due_rounds(actor=User.system())
