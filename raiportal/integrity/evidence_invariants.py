"""What must hold of evidence and comments: files and rows match, what was relied on stands, and what was removed says nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from raiportal.evidence import selectors, storage
from raiportal.integrity.invariants import Invariant, found_by, rows_of
from raiportal.integrity.kernel import are_final

ON_ITS_WAY_SECONDS = 86_400.0  # for so long a file may be there without a row: on its way in, or left over until the sweeper comes
_FILES = """
select f.id, coalesce(f.scope_id::text, 'organisation') || '/' || left(f.sha256, 2) || '/' || f.sha256, f.sha256, f.size,
    exists (select 1 from evidence e where e.file_id = f.id and e.removed_at is null)
from evidence_file f order by f.id
"""
_RELIED_ON_AND_REMOVED = "select distinct e.id from evidence e join evidence_use u on u.evidence_id = e.id where e.removed_at is not null order by 1"
_IN_ANOTHER_SCOPE = "select e.id from evidence e join evidence_file f on f.id = e.file_id where e.scope_id is distinct from f.scope_id order by 1"
_STILL_SAYING = "select r.comment_id from comment_revision r join comment c on c.id = r.comment_id where c.removed_at is not null and r.text <> '' order by 1"
_ANSWERS_ELSEWHERE = """
select a.id from comment a join comment p on p.id = a.parent_id
where p.parent_id is not null or (a.subject_kind, a.subject_id) is distinct from (p.subject_kind, p.subject_id) order by 1
"""


def _files_match() -> Iterator[str]:
    """Both ways: each row's content is there with its digest, and each content has its row."""
    for pk, path, sha256, size, is_needed in rows_of(_FILES):
        place = storage.place_of(path)
        if not place.is_file():
            if is_needed:
                yield f"The content of stored file {pk} is missing."
        elif place.stat().st_size != size:
            yield f"The content of stored file {pk} has {place.stat().st_size} bytes, and {size} were kept."
        else:
            with place.open("rb") as stream:
                if storage.digest_of(storage.chunks(stream)) != sha256:
                    yield f"The content of stored file {pk} isn't what was kept: its digest differs."
    for path in storage.stored_paths():
        place = storage.place_of(path)
        if selectors.file_at(path) is None and place.exists() and time.time() - place.stat().st_mtime > ON_ITS_WAY_SECONDS:
            yield f"No row knows of the stored file {path}."


EVIDENCE: Sequence[Invariant] = (
    Invariant("INV-32", "File rows and stored files match both ways, digests equal", _files_match),
    Invariant("INV-32 of scopes", "Evidence and its file belong to the same system", found_by(_IN_ANOTHER_SCOPE, "Evidence {0} has a file of another system.")),
    Invariant("INV-08 of evidence", "What was relied on can't be changed", are_final("evidence_use", "evidence", "evidence_file")),
    Invariant("INV-18 of evidence", "What was relied on stands", found_by(_RELIED_ON_AND_REMOVED, "Evidence {0} was removed, and something relied on it.")),
    Invariant("INV-18 of comments", "A removed comment says nothing", found_by(_STILL_SAYING, "Comment {0} was removed, and an earlier version of it wasn't.")),
    Invariant(
        "INV-18 of answers", "Answers stand below a first comment on the same object", found_by(_ANSWERS_ELSEWHERE, "Comment {0} answers what isn't there.")
    ),
)
