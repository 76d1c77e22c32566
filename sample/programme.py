"""Building the sample programme through the actions of the apps, in the names of its own people."""

from __future__ import annotations

import datetime
import io
import secrets
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from harms import actions as harm_actions
from harms.models import Harm, HarmCategory
from measurements.actions import metrics, runs, schedules, sets
from measurements.models import MeasurementSet, MeasurementSetVersion, MetricVersion, Run, Schedule
from raiportal.accounts import actions as account_actions
from raiportal.accounts.enums import ORGANISATION_ROLES, Role
from raiportal.accounts.models import User
from sample import assessments, campaigns, cases, evidence, identify, notifications, ratings, register, sharing, stress
from systems import actions as system_actions
from systems.models import AISystem, Configuration, ModelCard

FOLDER = Path(__file__).resolve().parent
SYSTEMS = ("clinical", "customer", "code")
PASSWORD_BYTES = 12


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def build(sandbox_url: str) -> list[dict[str, str]]:
    """Make people and systems, and start the one run. Returns role, username and password of each sample account."""
    sign_ins = [_add_person(described) for described in read("people")]
    manager = User.objects.get(username="risk-manager")
    identify.add_model_cards(read("models"), manager)
    administrator = User.objects.get(username="admin")
    webhook = notifications.add_webhook(administrator)
    for name in SYSTEMS:
        add_system(read(name), sandbox_url, manager)
    assessed = [assessments.add_assessment(described, AISystem.objects.get(scope__name=name)) for name, described in read("assessments").items()]
    _give_system_roles()
    for assessment in assessed:
        sharing.ask_for_sign_off(assessment, assessment.created_by)
    for system in AISystem.objects.order_by("pk"):
        evidence.add_evidence(system)
        register.decide(system, manager)
        campaigns.add_campaign(system, systematic=system.name == "Clinical note summariser")
    ratings.set_appetite(manager)
    for system in AISystem.objects.order_by("pk"):
        ratings.add_rounds(system, manager)
    for assessment in assessed:
        sharing.share_register(assessment, assessment.created_by)
    sharing.name_stand_in(manager)
    notifications.switch_off(webhook, administrator)
    return sign_ins


def _add_person(described: Mapping[str, str]) -> dict[str, str]:
    role, password = Role(described["role"]), secrets.token_urlsafe(PASSWORD_BYTES)
    system = User.system()
    person = account_actions.add_user(username=described["username"], name=described["name"], password=password, actor=system)
    if role in ORGANISATION_ROLES:
        account_actions.give_role(user=person, role=role, actor=system)
    kind = f", {described['review_kind'].replace('-', ' ')}" if "review_kind" in described else ""
    return {"role": f"{role.label}{kind}", "username": person.username, "password": password}


def _give_system_roles() -> None:
    for described in read("people"):
        if "system" in described:
            system = AISystem.objects.get(scope__name=described["system"])
            person = User.objects.get(username=described["username"])
            kind = described.get("review_kind")
            account_actions.give_role(user=person, role=Role(described["role"]), scope=system.scope, review_kind=kind, actor=User.system())


def add_system(described: Mapping[str, Any], sandbox_url: str, manager: User) -> AISystem:
    """One system with everything that belongs to it."""
    owner = User.objects.get(username=described["owner"])
    system = system_actions.add_system(name=described["name"], purpose=described["purpose"], owner=owner, actor=manager, **described["facts"])
    identify.add_uses(described, system, owner)
    configurations = _add_configurations(described, system, sandbox_url, manager)
    configuration = configurations[-1]
    identify.activate(described["active"], system, configurations, owner)
    if "emergency" in described:
        identify.ask_and_confirm(described["emergency"], system, configurations, owner, manager)
    harms = {entry["title"]: _add_harm(entry, system, manager) for entry in described["harms"]}
    versions = {entry["name"]: _add_set(entry, system, harms, manager) for entry in described["sets"]}
    measured = {entry["name"]: _add_metric(entry, system, harms, manager) for entry in described["metrics"]}
    if "run" in described:
        _start_run(described["run"], configuration, versions, measured, manager)
    stress.start_stress_run(described["stress"], configuration, versions, measured, owner)
    for entry in described.get("schedules", ()):
        _add_schedule(entry, configuration, versions, measured, owner)
    return system


def _add_configurations(described: Mapping[str, Any], system: AISystem, sandbox_url: str, manager: User) -> list[Configuration]:
    """One for each wording of the metaprompt, with the newest filters."""
    family, version = described["model_card"].rsplit(" ", 1)
    settings = {**described["deployment"], "model_card": ModelCard.objects.get(family=family, version=version)}
    for price in ("input_price", "output_price"):
        settings[price] = Decimal(settings[price])
    deployment = system_actions.add_deployment(system=system, base_url=sandbox_url, actor=manager, **settings)
    metaprompts = [system_actions.add_metaprompt_version(system=system, actor=manager, **entry) for entry in described["metaprompts"]]
    filters = identify.add_filters(described.get("filters", ()), system, manager)
    return [
        system_actions.add_configuration(
            deployment=deployment, metaprompt=entry, filters=filters, parameters=described["parameters"], note=entry.note, actor=manager
        )
        for entry in metaprompts
    ]


def _add_harm(entry: Mapping[str, Any], system: AISystem, manager: User) -> Harm:
    category = HarmCategory.objects.get(slug=entry["category"])
    owner = User.objects.get(username=entry["owner"]) if "owner" in entry else None
    harm = harm_actions.propose_harm(
        system=system, title=entry["title"], description=entry["description"], category=category, origin=entry["origin"], owner=owner, actor=manager
    )
    if "severity" in entry:
        harm_actions.assess_harm(harm_id=harm.pk, severity=entry["severity"], frequency=entry["frequency"], rationale=entry["rationale"], actor=manager)
    return harm


def _add_set(entry: Mapping[str, Any], system: AISystem, harms: Mapping[str, Harm], manager: User) -> MeasurementSetVersion:
    measurement_set: MeasurementSet = sets.add_set(
        system=system,
        name=entry["name"],
        description=entry["description"],
        sampling=entry["sampling"],
        harms=[harms[title] for title in entry["harms"]],
        actor=manager,
    )
    file = io.BytesIO(cases.jsonl(entry))
    result = sets.import_cases(set_id=measurement_set.pk, file=file, file_name="sample.jsonl", format="jsonl", actor=manager)
    if result.version is None:
        raise ValueError(f"the sample set {entry['name']} has no cases")
    return result.version


def _add_metric(entry: Mapping[str, Any], system: AISystem, harms: Mapping[str, Harm], manager: User) -> MetricVersion:
    metric = metrics.add_metric(
        system=system,
        name=entry["name"],
        definition=entry["definition"],
        harm=harms[entry["harm"]] if "harm" in entry else None,
        harmful_examples=entry.get("harmful_examples", ""),
        harmless_examples=entry.get("harmless_examples", ""),
        threshold=entry["threshold"],
        target_rate=Decimal(entry["target_rate"]),
        judge={"kind": "rule", "patterns": entry["patterns"]},
        actor=manager,
    )
    return metric.versions.get()


def _start_run(
    entry: Mapping[str, Any], configuration: Configuration, versions: Mapping[str, MeasurementSetVersion], measured: Mapping[str, MetricVersion], manager: User
) -> Run:
    run = runs.plan_run(
        configuration=configuration, set_version=versions[entry["set"]], metric_versions=[measured[name] for name in entry["metrics"]], actor=manager
    )
    return runs.start_run(run_id=run.pk, actor=manager)


def _add_schedule(
    entry: Mapping[str, Any], configuration: Configuration, versions: Mapping[str, MeasurementSetVersion], measured: Mapping[str, MetricVersion], owner: User
) -> Schedule:
    measurement_set = versions[entry["set"]].measurement_set
    return schedules.add_schedule(
        system=measurement_set.system,
        name=entry["name"],
        configuration=configuration,
        measurement_set=measurement_set,
        metrics=[measured[name].metric for name in entry["metrics"]],
        rhythm=entry["rhythm"],
        weekday=entry["weekday"],
        at_time=datetime.time.fromisoformat(entry["at_time"]),
        time_zone=entry["time_zone"],
        budget_tokens=entry["budget_tokens"],
        actor=owner,
    )
