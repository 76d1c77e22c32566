"""A person's own name and e-mail address."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid


@transaction.atomic
def change_details(*, name: str, email: str, actor: User) -> User:
    """Change one's own name and address. Raises Invalid. Links to a new password that were mailed to the old address stop working."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    proposed = User(pk=user.pk, username=user.username, password=user.password, kind=user.kind, name=name.strip(), email=email.strip())
    try:
        proposed.clean_fields()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field=next(iter(error.message_dict))) from error
    ledger.apply_changes(user, actor=actor, action="accounts.user_changed", name=proposed.name, email=proposed.email)
    return user
