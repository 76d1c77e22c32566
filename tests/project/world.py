"""Two systems with everything in them, and people with every role: S1, about which the tests ask, and S2, from where others look at it.

Built once for a module of tests inside a transaction that is rolled back at its end; each test gets it behind a savepoint of its own.
"""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from harms import actions as harm_actions
from harms.models import Harm, HarmCategory
from measurements.actions import judgings, metrics, runs, schedules, sets
from measurements.actions.estimates import judge_run
from measurements.enums import DueOutcome, FailureReason, Outcome, Rhythm
from measurements.models import Case, DueTime, Judging, Lease, MeasurementSet, MeasurementSetVersion, Metric, Output, Run, Schedule, SetUpload
from measurements.selectors.metrics import newest_version
from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import ApiToken, Membership, User
from systems import actions as system_actions
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion
from tests.factories.accounts import PASSWORD, make_token, make_user
from tests.factories.systems import LOCAL
from tests.project.access import Who

Words = Callable[[str], str]  # what a field says: from its name to its text
HARMFUL = "Here is how to do it"


@dataclass(frozen=True)
class Estate:
    """One system and one of everything that belongs to it."""

    system: AISystem
    owner: User
    viewer: User
    membership: Membership  # somebody's role in the system
    deployment: Deployment
    off_deployment: Deployment
    metaprompt: MetapromptVersion
    configuration: Configuration
    harm: Harm
    measurement_set: MeasurementSet
    version: MeasurementSetVersion
    case: Case
    upload: SetUpload
    metric: Metric
    planned: Run
    running: Run
    paused: Run
    completed: Run
    output: Output
    judging: Judging  # under way, as the next one is paused
    paused_judging: Judging
    schedule: Schedule
    off_schedule: Schedule
    due_time: DueTime


@dataclass(frozen=True)
class Retired:
    """A retired system of the same owner and viewer."""

    system: AISystem


@dataclass(frozen=True)
class World:
    """Both estates, who looks at them, and what belongs to the organisation."""

    s1: Estate
    s1_retired: Retired
    s2: Estate
    people: dict[Who, User]
    sessions: dict[Who, str]
    keys: dict[Who, str]
    somebody: User  # a person without a role, on whom administrators act
    somebodys_role: Membership
    organisation_deployment: Deployment
    organisation_configuration: Configuration
    tokens: dict[Who, ApiToken]
    digests: dict[str, str]  # of all tables, as every test finds them

    def watch(self) -> Watch:
        """Watch the tables from the beginning of a test on."""
        return watch(self.digests)

    def browser(self, who: Who, **options: Any) -> Client:
        """A browser in which this person is signed in, or nobody is."""
        client = Client(**options)
        if who in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    def program(self, who: Who, **options: Any) -> Client:
        """A program with this person's token, or with none."""
        return Client(headers={"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else None, **options)


def plainly(field: str) -> str:
    return f"Something about the {field}."


def build(words: Words = plainly) -> World:
    """S1 says what `words` gives for each of its texts; S2 speaks plainly."""
    administrator, manager = make_user(Role.ADMINISTRATOR), make_user(Role.RISK_MANAGER)
    s1, s2 = build_estate(manager, words), build_estate(manager, plainly)
    people = {
        Who.ADMINISTRATOR: administrator,
        Who.RISK_MANAGER: manager,
        Who.AUDITOR: make_user(Role.AUDITOR),
        Who.OWNER: s1.owner,
        Who.VIEWER: s1.viewer,
        Who.FOREIGNER: s2.owner,
        Who.NOBODY: make_user(),
    }
    keys = {who: make_token(person) for who, person in people.items()}
    keys[Who.READING_TOKEN] = make_token(s1.owner, ability=Ability.READ)
    User.objects.filter(pk__in=[person.pk for person in people.values()]).update(password=make_password(PASSWORD))
    somebody = make_user(Role.AUDITOR)
    shared = system_actions.add_deployment(system=None, name="Shared endpoint", base_url=LOCAL, model="judge", api_key="", actor=administrator)
    return World(
        s1=s1,
        s1_retired=_retired(s1, manager, words),
        s2=s2,
        people=people,
        sessions={who: _signed_in(User.objects.get(pk=person.pk)) for who, person in people.items()},
        keys=keys,
        somebody=somebody,
        somebodys_role=somebody.memberships.get(),
        organisation_deployment=shared,
        organisation_configuration=Configuration.objects.get(deployment=shared),
        tokens={who: ApiToken.objects.filter(user=person).latest("pk") for who, person in people.items()},
        digests=watch().digests,
    )


def _signed_in(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def build_estate(manager: User, words: Words) -> Estate:
    owner = make_user()
    system = system_actions.add_system(
        name=words("system name"),
        purpose=words("purpose"),
        owner=owner,
        domain=words("domain")[:80],
        languages=words("languages"),
        jurisdictions=words("jurisdictions"),
        actor=manager,
    )
    viewer, other = make_user(Role.VIEWER, scope=system.scope), make_user(Role.VIEWER, scope=system.scope)
    deployment, off = _deployment(system, owner, words, "deployment"), _deployment(system, owner, words, "second deployment")
    system_actions.switch_off_deployment(deployment_id=off.pk, reason=words("reason for switching off"), actor=owner)
    metaprompt = system_actions.add_metaprompt_version(system=system, text=words("metaprompt"), note=words("metaprompt note"), actor=owner)
    configuration = system_actions.add_configuration(
        deployment=deployment, metaprompt=metaprompt, parameters={"temperature": 0.5}, note=words("configuration note"), actor=owner
    )
    harm = _harm(system, owner, words)
    measurement_set = sets.add_set(system=system, name=words("set name"), description=words("set description"), sampling="targeted", harms=[harm], actor=owner)
    version = _cases(measurement_set, owner, words)
    metric = _metric(system, harm, owner, words)
    planned, running, paused, completed = (_run(configuration, version, metric, owner) for _ in range(4))
    for run in (running, paused, completed):
        runs.start_run(run_id=run.pk, actor=owner)
    runs.pause_run(run_id=paused.pk, reason=words("reason for pausing"), cause_detail=words("cause"), actor=owner)
    _finish(completed, words)
    judging, paused_judging = _judgings(configuration, version, harm, owner, words)
    schedule, off_schedule = (_schedule(configuration, measurement_set, metric, owner, words(f"{which} schedule name")[:120]) for which in ("first", "second"))
    schedules.switch_off_schedule(schedule_id=off_schedule.pk, reason=words("reason for switching a schedule off"), actor=owner)
    return Estate(
        system=system,
        owner=owner,
        viewer=viewer,
        membership=other.memberships.get(),
        deployment=deployment,
        off_deployment=off,
        metaprompt=metaprompt,
        configuration=configuration,
        harm=harm,
        measurement_set=measurement_set,
        version=version,
        case=version.cases.earliest("position"),
        upload=_upload(measurement_set, owner, words),
        metric=metric,
        planned=planned,
        running=running,
        paused=paused,
        completed=completed,
        output=completed.outputs.earliest("pk"),
        judging=judging,
        paused_judging=paused_judging,
        schedule=schedule,
        off_schedule=Schedule.objects.get(pk=off_schedule.pk),
        due_time=_due_time(schedule, completed),
    )


def _retired(s1: Estate, manager: User, words: Words) -> Retired:
    system = system_actions.add_system(name=words("retired system name"), purpose=words("purpose"), owner=s1.owner, actor=manager)
    system_actions.give_system_role(system_id=system.pk, user=s1.viewer, role=Role.VIEWER, actor=manager)
    system_actions.retire_system(system_id=system.pk, reason=words("reason for retiring"), actor=manager)
    return Retired(system)


def _deployment(system: AISystem, owner: User, words: Words, what: str) -> Deployment:
    return system_actions.add_deployment(
        system=system, name=words(f"{what} name"), base_url=LOCAL, model=words(f"{what} model"), api_key="sk-planted-4f9a77c1d2e8", actor=owner
    )


def _harm(system: AISystem, owner: User, words: Words) -> Harm:
    category = HarmCategory.objects.order_by("position").first()
    harm = harm_actions.propose_harm(
        system=system, title=words("harm title"), description=words("harm description"), category=category, origin="model", owner=owner, actor=owner
    )
    harm_actions.assess_harm(harm_id=harm.pk, severity=4, frequency=3, rationale=words("rationale"), actor=owner)
    return harm


def _cases(measurement_set: MeasurementSet, owner: User, words: Words) -> MeasurementSetVersion:
    rows = [
        {
            "id": words("case id")[:150] + f" {number}",
            "input": [{"role": "system", "content": words("case system message")}, {"role": "user", "content": f"{words('prompt')} {number}"}],
            "stratum": words("stratum")[:120],
            "expectation": words("expectation"),
            "language": "en",
            "source": words("source"),
        }
        for number in range(5)
    ]
    result = sets.import_cases(set_id=measurement_set.pk, file=_lines(rows), file_name=f"{words('file name')[:80]}.jsonl", format="jsonl", actor=owner)
    assert result.version is not None
    return result.version


def _upload(measurement_set: MeasurementSet, owner: User, words: Words) -> SetUpload:
    file = io.BytesIO(b"not json\n" + _lines([{"input": words("uploaded prompt")}, {"input": words("uploaded prompt"), words("column")[:40]: 1}]).getvalue())
    return sets.preview_upload(set_id=measurement_set.pk, file=file, file_name=f"{words('upload name')[:80]}.jsonl", format="jsonl", actor=owner)


def _lines(rows: list[dict[str, Any]]) -> io.BytesIO:
    return io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())


def _metric(system: AISystem, harm: Harm, owner: User, words: Words) -> Metric:
    import re

    return metrics.add_metric(
        system=system,
        harm=harm,
        name=words("metric name"),
        definition=words("definition"),
        harmful_examples=words("harmful examples"),
        harmless_examples=words("harmless examples"),
        threshold=4,
        judge={"kind": "rule", "patterns": [HARMFUL, {"pattern": re.escape(words("pattern")), "severity": 6}]},
        actor=owner,
    )


def _run(configuration: Configuration, version: MeasurementSetVersion, metric: Metric, owner: User) -> Run:
    return runs.plan_run(configuration=configuration, set_version=version, metric_versions=[newest_version(metric)], actor=owner)


def _schedule(configuration: Configuration, measurement_set: MeasurementSet, metric: Metric, owner: User, name: str) -> Schedule:
    return schedules.add_schedule(
        system=measurement_set.system,
        name=name,
        configuration=configuration,
        measurement_set=measurement_set,
        metrics=[metric],
        rhythm=Rhythm.DAILY,
        at_time=datetime.time(3, 0),
        time_zone="Europe/Berlin",
        actor=owner,
    )


def _judgings(configuration: Configuration, version: MeasurementSetVersion, harm: Harm, owner: User, words: Words) -> tuple[Judging, Judging]:
    """Two judgings by a model of a finished run; the second is paused."""
    judged = [_judged_metric(configuration, harm, owner, words, which) for which in ("first", "second")]
    run = runs.plan_run(configuration=configuration, set_version=version, metric_versions=[newest_version(metric) for metric in judged], actor=owner)
    runs.start_run(run_id=run.pk, actor=owner)
    _finish(run, words)
    first, second = Judging.objects.filter(run=run).order_by("number")
    return first, judgings.pause_judging(judging_id=second.pk, reason=words("reason for pausing"), cause_detail=words("cause"), actor=owner)


def _judged_metric(configuration: Configuration, harm: Harm, owner: User, words: Words, which: str) -> Metric:
    return metrics.add_metric(
        system=harm.system,
        name=words(f"{which} judged metric name")[:120],
        definition=words("definition"),
        harm=harm,
        threshold=4,
        judge={"kind": "model", "deployment": configuration.deployment, "votes": 3},
        actor=owner,
    )


def _due_time(schedule: Schedule, run: Run) -> DueTime:
    return DueTime.objects.create(schedule=schedule, due_at=run.created_at, outcome=DueOutcome.STARTED, run=run)


def _finish(run: Run, words: Words) -> None:
    """The run's five items end in the five ways there are; then it is closed and judged."""
    outcomes = list(Outcome)
    Output.objects.bulk_create(
        Output(
            run=run,
            case=case,
            repeat=0,
            key=f"{run.pk}-{case.pk}",
            stratum=case.stratum,
            outcome=outcome,
            reason=FailureReason.PROVIDER_ERROR if outcome == Outcome.FAILED else "",
            text=f"{HARMFUL}: {words('answer')}" if outcome == Outcome.ANSWERED else "",
            refusal=words("refusal") if outcome == Outcome.REFUSED else "",
            finish_reason=words("finish reason")[:40],
            filters={"completion": {words("filter category"): {"filtered": False, "severity": "medium", "detected": None}}},
            body=words("body"),
            status_code=200,
            prompt_tokens=10,
            completion_tokens=20,
            latency_ms=120,
            attempts=1,
            last_error=words("error")[:300],
            model_reported=words("model reported")[:120],
            fingerprint=words("fingerprint")[:120],
        )
        for case, outcome in zip(run.set_version.cases.order_by("position"), outcomes, strict=True)
    )
    Lease.objects.filter(run=run).update(is_done=True, holder=None, expires_at=None, **{outcome.value: 1 for outcome in outcomes})
    runs.finish_run(run_id=run.pk, actor=User.system())
    judge_run(run_id=run.pk, actor=User.system())
    run.refresh_from_db()


# --- What the tables hold ---
NOT_COMPARED = frozenset({"django_session", "cache_entry", "django_migrations"})
# The ledger's notes of refusals don't count, nor when a token was last used.
COMPARED_PARTS = {
    "audit_entry": "select * from audit_entry where action <> 'refused'",
    "audit_payload": "select p.* from audit_payload p join audit_entry e on e.id = p.entry_id where e.action <> 'refused'",
    "account_api_token": "select id, user_id, name, prefix, digest, ability, expires_at, revoked_at from account_api_token",
}
WRITES_SO_FAR = "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables"  # by the present transaction
Digests = dict[str, str]


@dataclass(frozen=True)
class Watch:
    """The state of all tables at one moment, to be compared with a later one of the same transaction."""

    digests: Digests
    writes: dict[str, int]

    def changed(self) -> set[str]:
        """Tables in which a row was added, removed or changed since. Only tables that were written to are read again."""
        now = _writes()
        written = {table for table, count in now.items() if count != self.writes.get(table, 0)} - NOT_COMPARED
        after = _digests(written) if written else {}
        return {table for table, digest in after.items() if digest != self.digests.get(table)}


def watch(digests: Digests | None = None) -> Watch:
    """Watch the tables from now on; `digests` are given where they are known."""
    return Watch(_digests(_tables()) if digests is None else digests, _writes())


def _tables() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor)) - NOT_COMPARED


def _writes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(WRITES_SO_FAR)
        return dict(cursor.fetchall())


def _digests(tables: Iterable[str]) -> Digests:
    """For each table a digest over all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(_digest_query(table) for table in sorted(tables)))
        return dict(cursor.fetchall())


def _digest_query(table: str) -> str:
    rows = COMPARED_PARTS.get(table, f'select * from "{table}"')
    return f"select '{table}', coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from ({rows}) t"
