"""Each invariant finds what breaks it, planted as the owner with the triggers off, and says nothing about rows as the portal writes them."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from raiportal.integrity.invariants import invariants
from tests.project import world
from tests.project.world import World

pytestmark = pytest.mark.django_db

PLANTED: list[tuple[str, str]] = [
    ("INV-06", "delete from output where id = (select min(id) from output where run_id = {completed})"),
    ("INV-06", "update output set repeat = 7 where id = {output}"),
    ("INV-07", "update lease set answered = answered + 1, refused = refused - 1 where run_id = {completed} and judging_id is null"),
    ("INV-07", "update output set outcome = 'refused' where id = (select id from output where run_id = {completed} and outcome = 'answered')"),
    ("INV-08", "drop trigger output_row_is_final on output"),
    ("INV-08", "alter table judgement disable trigger judgement_row_is_final"),
    ("INV-08", "update output set created_at = now() + interval '1 hour' where id = {output}"),
    ("INV-08", "update estimate set judge_version_id = (select max(id) from judge_version) where run_id = {completed}"),
    ("INV-08 of systems", "drop trigger configuration_row_is_final on configuration"),
    ("INV-08 of harms", "drop trigger risk_point_row_is_final on risk_point"),
    ("INV-08 of harms", "alter table register_baseline disable trigger register_baseline_row_is_final"),
    (
        "INV-01 of harms",
        "update harm set state = 'accepted', state_before = 'assessed', accepted_until = now() + interval '1 day' where id = {harm}",
    ),
    (
        "INV-04 of baselines",
        "alter table register_baseline disable trigger user; update register_baseline set content = jsonb_set(content, '{{scale}}', '\"Another\"') "
        "where id = (select min(id) from register_baseline)",
    ),
    (
        "INV-16 of harms",
        "update harm_candidate set system_id = {other}, state = 'linked', harm_id = {harm}, decided_at = now(), decided_by_id = created_by_id "
        "where id = (select min(id) from harm_candidate where state = 'waiting')",
    ),
    ("INV-18 of candidates", "delete from audit_entry where subject_kind = 'harms.candidate'"),
    (
        "INV-20 of candidates",
        "update harm_candidate set state = 'waiting', decided_why = '', decided_at = null, decided_by_id = null "
        "where id = (select min(id) from harm_candidate where state = 'dismissed')",
    ),
    ("INV-08 of the ledger", "alter table audit_entry disable trigger user"),
    ("INV-09", "delete from measurement_case where id = {case}"),
    ("INV-09", "update measurement_case set key = 'another' where id = {case}"),
    ("Origins of transformed cases", "delete from transformed_case where case_id = (select max(case_id) from transformed_case)"),
    ("Origins of transformed cases", "update transformed_case set untransformed_id = {case} where case_id = (select max(case_id) from transformed_case)"),
    ("INV-10", "update estimate set excluded = '{{}}' where run_id = {completed}"),
    ("INV-10", "update estimate set among_answered = '{{}}' where run_id = {completed}"),
    ("INV-11", "update estimate set rate = high where run_id = {completed}"),
    ("INV-11", "update judgement set is_harmful = not is_harmful where run_id = {completed}"),
    ("INV-15", "update judgement set severity = 1 where is_harmful"),
    ("INV-16 of measurements", "update metric set system_id = {other} where id = {metric}"),
    ("INV-16 of measurements", "update measurement_set set system_id = {other} where id = {set}"),
    ("INV-16 of measurements", "update judgement set run_id = {planned} where run_id = {completed}"),
    ("INV-16 of measurements", "update risk_point set source_kind = 'measurements.run', source_id = 0 where harm_id = {harm}"),
    ("INV-16 of systems", "update deployment set system_id = {other} where id = {deployment}"),
    (
        "Shares of activations",
        "insert into activation (system_id, environment, kind, reason, created_at, created_by_id) "
        "select {other}, 'production', 'normal', '', now(), min(id) from account_user",
    ),
    ("INV-16 of harms", "update risk_point set intended_use_id = {foreign_use} where harm_id = {harm}"),
    (
        "INV-17",
        "update audit_payload set body = jsonb_set(body, '{{reason}}', '\"Another reason.\"') where entry_id = (select max(entry_id) from audit_payload)",
    ),
    ("INV-18 of the ledger", "delete from audit_payload where entry_id = (select max(entry_id) from audit_payload)"),
    ("INV-18 of measurements", "update run set state = 'running', cause = '' where id = {paused}"),
    ("INV-20 of measurements", "update run set state = 'cancelled', finished_at = now() where id = {planned}"),
    ("INV-18 of measurements", "delete from audit_entry where subject_kind = 'measurements.metric' and subject_id = {metric}"),
    ("INV-18 of systems", "delete from deployment where id = {deployment}"),
    ("INV-18 of harms", "update harm set state = 'proposed' where id = {harm}"),
    ("INV-20 of measurements", "update run set state = 'planned' where id = {running}"),
    (
        "INV-20 of measurements",
        "update audit_payload set body = jsonb_set(body, '{{changes,state,0}}', '\"completed\"') where entry_id in "
        "(select id from audit_entry where subject_kind = 'measurements.run' and subject_id = {completed} and action = 'measurements.run_completed')",
    ),
    ("INV-20 of harms", "update harm set state = 'proposed' where id = {harm}"),
    ("INV-27", "update lease set holder = gen_random_uuid(), expires_at = now() where run_id = {completed}"),
    ("INV-27", "update lease set is_done = false where run_id = {completed}"),
    ("INV-27", "delete from lease where run_id = {running}"),
    ("INV-27", "update lease set holder = gen_random_uuid(), expires_at = now() + interval '1 day' where run_id = {running}"),
    (
        "INV-27",
        "insert into endpoint_grant (deployment_id, run_id, holder, wanted, slots, in_flight, expires_at) "
        "values ({deployment}, {running}, gen_random_uuid(), 1000, 1000, 0, now() + interval '1 minute')",
    ),
    ("INV-28", "update notification_delivery set state = 'sent', sent_at = now() where id = {delivery}"),
    ("INV-28", "delete from notification_delivery_attempt where delivery_id = {delivery}"),
    ("INV-28", "update notification_delivery set state = 'waiting', next_at = now(), webhook_id = {off_webhook} where id = {delivery}"),
    ("INV-28", "update notification set kind = 'systems.emergency_asked' where id = {notification}"),
    ("INV-28", "drop trigger notification_delivery_attempt_row_is_final on notification_delivery_attempt"),
    ("INV-29", "update harm set description = 'It is sk-planted-4f9a77c1d2e8, keep it safe.' where id = {harm}"),
    ("INV-29", 'update output set filters = \'{{"note": "sk-planted-4f9a77c1d2e8"}}\' where id = {output}'),
    ("INV-29", "update deployment set api_key = 'no token at all' where id = {deployment}"),
    ("INV-31", "delete from account_membership where role = 'administrator'"),
    ("INV-32", "update evidence_file set sha256 = repeat('0', 64) where id = (select min(file_id) from evidence where removed_at is null)"),
    ("INV-32", "update evidence_file set size = size + 1 where id = (select min(file_id) from evidence where removed_at is null)"),
    ("INV-32 of scopes", "update evidence set scope_id = {other} where id = (select min(id) from evidence where file_id is not null)"),
    ("INV-08 of evidence", "alter table evidence disable trigger user"),
    (
        "INV-18 of evidence",
        "insert into evidence_use (evidence_id, used_by_kind, used_by_id) select min(id), 'harms.harm', {harm} from evidence; "
        "update evidence set removed_at = now(), removed_by_id = added_by_id, removed_reason = 'Gone.' where id = (select min(id) from evidence)",
    ),
    (
        "INV-18 of comments",
        "update comment set removed_at = now(), removed_by_id = author_id, removed_reason = 'Gone.', text = '' where id = (select min(id) from comment); "
        "insert into comment_revision (comment_id, text) select min(id), 'What stood there.' from comment",
    ),
    ("INV-01 of sign-offs", "update sign_off set verdict = 'reject', valid_until = null where request_id = {approved}"),
    ("INV-02", "update sign_off set person_id = (select requested_by_id from sign_off_request where id = {approved}) where request_id = {approved}"),
    (
        "INV-03",
        "alter table sign_off drop constraint sign_off_one_person_one_role; drop index sign_off_represented_once; "
        "insert into sign_off (request_id, person_id, role, verdict, reason, digest, valid_until) "
        "select request_id, person_id, 'owner', verdict, reason, digest, valid_until from sign_off where request_id = {approved}",
    ),
    ("INV-04", "update sign_off_request set snapshot = '{{}}' where id = {approved}"),
    ("INV-04 of verdicts", "update sign_off set digest = repeat('0', 64) where request_id = {approved}"),
    ("INV-08 of sign-offs", "alter table sign_off disable trigger user"),
    ("INV-08 of reports", "alter table report disable trigger user"),
    ("INV-08 of rating rounds", "drop trigger rating_consensus_row_is_final on rating_consensus"),
    ("INV-15 of ratings", "update rating set updated_at = now() + interval '1 day' where id = {rating}"),
    ("INV-16 of ratings", "update rating_round set system_id = {other}, number = 99 where id = {open_round}"),
    ("INV-18 of rating rounds", "update rating_round set state = 'open', closed_at = null, closed_by_id = null, close_reason = '' where id = {closed_round}"),
    ("INV-20 of rating rounds", "update rating_round set state = 'open', closed_at = null, closed_by_id = null, close_reason = '' where id = {closed_round}"),
    ("INV-08 of packs", "update report set digest = repeat('0', 64) where id = {report}"),
    ("INV-08 of PDFs", "update report_pdf set content = 'x' where report_id = {report}"),
    ("INV-18 of answers", "update comment set subject_id = subject_id + 1 where parent_id is not null"),
    ("INV-08 of findings", "alter table finding_opinion disable trigger user"),
    (
        "INV-16 of campaigns",
        "update campaign_harm set harm_id = (select min(id) from harm where system_id = {other}) where campaign_id = {campaign}",
    ),
    ("INV-18 of campaigns", "update campaign set state = 'paused' where id = {campaign}"),
    ("INV-20 of campaigns", "update campaign set state = 'draft' where id = {campaign}"),
    ("INV-18 of findings", "update finding set state = 'open' where id = {finding}"),
    ("INV-20 of findings", "update finding set state = 'open' where id = {finding}"),
    ("INV-04 of findings", "delete from finding_opinion where finding_id = {finding}"),
    ("INV-16 of probes", "delete from campaign_tester where campaign_id = {campaign}"),
]


@pytest.fixture
def built() -> World:
    return world.build(lambda field: f"First {field} here.")


def test_nothing_is_said_of_rows_as_the_portal_writes_them(built: World) -> None:
    told = io.StringIO()

    call_command("check_invariants", stdout=told)

    lines = told.getvalue().splitlines()
    assert len(lines) == len(invariants)
    assert all(line.startswith("ok") for line in lines)


def test_every_invariant_finds_what_breaks_it(built: World) -> None:
    places = _places(built)
    for slug, statement in PLANTED:
        with planted(statement.format(**places)):
            found = list(invariants[slug].check())
        assert found, f"{statement} was not found by {slug}"
    assert {slug for slug, _ in PLANTED} == {invariant.slug for invariant in invariants}


def test_the_command_lists_what_it_found_and_fails(built: World) -> None:
    told = io.StringIO()
    with planted("delete from account_membership where role = 'administrator'"), pytest.raises(CommandError, match="1 of the invariants"):
        call_command("check_invariants", stdout=told)

    assert "BROKEN  INV-31" in told.getvalue()
    assert "Nobody who can sign in is an administrator" in told.getvalue()


class planted:  # noqa: N801  (reads as a word of the tests)
    """A statement with constraints and triggers off, taken back at the end of the block."""

    def __init__(self, statement: str) -> None:
        self.statement = statement

    def __enter__(self) -> None:
        self.point = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            cursor.execute("set local session_replication_role = replica")
            cursor.execute(self.statement)
            if not self.statement.startswith(("drop", "alter")):
                assert cursor.rowcount, f"{self.statement} changed nothing"

    def __exit__(self, *_: object) -> None:
        transaction.savepoint_rollback(self.point)


def _places(built: World) -> dict[str, int]:
    s1, s2 = built.s1, built.s2
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into intended_use (system_id, number, title, description, is_supported, created_at, created_by_id, updated_at) "
            "values (%s, 90, 'Foreign', '', true, now(), %s, now()) returning id",
            [s2.system.pk, s2.owner.pk],
        )
        foreign_use = cursor.fetchone()[0]
    return {
        "delivery": s1.delivery.pk,
        "off_webhook": s1.off_webhook.pk,
        "notification": s1.notification.pk,
        "completed": s1.completed.pk,
        "running": s1.running.pk,
        "planned": s1.planned.pk,
        "paused": s1.paused.pk,
        "output": s1.output.pk,
        "case": s1.case.pk,
        "metric": s1.metric.pk,
        "set": s1.measurement_set.pk,
        "harm": s1.harm.pk,
        "rating": s1.rating.pk,
        "open_round": s1.open_round.pk,
        "closed_round": s1.closed_round.pk,
        "deployment": s1.deployment.pk,
        "other": s2.system.pk,
        "foreign_use": foreign_use,
        "approved": s1.approved_sign_off.pk,
        "report": s1.report.pk,
        "campaign": s1.probed.campaign.pk,
        "finding": s1.probed.confirmed_finding.pk,
    }
