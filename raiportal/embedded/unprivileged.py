"""The account under which PostgreSQL runs when the portal is started by root, because PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raiportal.embedded.errors import CannotStart

CANDIDATES = ("postgres", "nobody", "daemon")
ROOT = 0


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """Arguments that make `subprocess` start a program as this account; none when it is already ours."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, *paths: Path) -> None:
        """Hand the paths to this account."""
        for path in paths:
            if path.stat().st_uid != self.uid:
                os.chown(path, self.uid, self.gid)


def database_account(cluster: Path) -> Account:
    """The account for the cluster in this folder: its owner if it exists, ourselves unless we are root, else an unprivileged system account."""
    if os.geteuid() != ROOT:
        return Account(_own_name(), os.geteuid(), os.getegid())
    if cluster.is_dir() and cluster.stat().st_uid != ROOT:
        owner = cluster.stat()
        return Account(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != ROOT:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        f"PostgreSQL refuses to run as root and this system has none of the accounts {', '.join(CANDIDATES)}: start the portal as an ordinary user."
    )


def closed_parents(path: Path, account: Account) -> Iterator[Path]:
    """The folders on the way to `path`, from the outermost, that the account may not enter."""
    if account.uid == os.geteuid():
        return
    for folder in reversed([path, *path.parents]):
        if folder.is_dir() and not _may_enter(folder, account):
            yield folder


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _own_name() -> str:
    return _name_of(os.geteuid())


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
