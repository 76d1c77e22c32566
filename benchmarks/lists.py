"""Which long lists are looked at, how filtered and how sorted, each with the SQL that finds the rows it has to hold: a filter that is ignored shows."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import filling

WORD = "bowline"  # in every case
NOWHERE = "nothing-holds-this"
HIGH_SCORE = 13  # the lowest of the risk levels high and critical

OUTPUT_FILTERS = {
    "": "",
    "outcome=answered": "and outcome = 'answered'",
    "outcome=failed": "and outcome = 'failed'",
    "judged=unjudged": "and outcome = 'answered' and not exists (select 1 from judgement j where j.output_id = output.id)",
    "judged=harmful": "and exists (select 1 from judgement j where j.output_id = output.id and j.severity >= 4)",
    "judged=harmless": "and exists (select 1 from judgement j where j.output_id = output.id and j.severity < 4)",
    "severity=4": "and exists (select 1 from judgement j where j.output_id = output.id and j.severity >= 4)",
    "sort=-severity": "",
    "sort=severity": "",
}
HARM_FILTERS = {
    "": "",
    **{f"sort={name}": "" for name in ("title", "-title", "category", "owner", "state", "origin", "-created", "-changed", "-inherent", "-measured")},
    "level=high": f"and priority >= {HIGH_SCORE}",
    "state=proposed": "and state = 'proposed'",
    "origin=scenario": "and origin = 'scenario'",
    "category=bias": "and category_id = (select id from harm_category where slug = 'bias')",
    "owner=none": "and owner_id is null",
    "measured=no": "and measured_score is null",
    "measured=yes": "and measured_score is not null",
    "severity=4&frequency=4": "and severity = 4 and frequency = 4",
    "point=inherent&severity=4": "and inherent_severity = 4",
    "q=leaked": "and title || description ilike '%leaked%'",
    "q=case+77777": "and title || description ilike '%case 77777%'",
    f"q={NOWHERE}": "and false",
    "q=ha": "and title ilike 'ha%'",
    "since=2026-11-01": "and created_at >= '2026-11-01Z'",
    "q=leaked&sort=title": "and title || description ilike '%leaked%'",
}
SOME_FILTERS = ("", "sort=title", "sort=-created", "level=high", "severity=4&frequency=4", "q=leaked")


@dataclass(frozen=True)
class Listed:
    """An address and the rows of its list, as what follows `from` in SQL; empty for a page without a long list."""

    path: str
    rows: str = ""


def lists(filled: filling.Filled) -> list[Listed]:
    """Of somebody who reads every system."""
    system, run = filled.system, filled.run
    return [
        *_of_run(run, filled.version),
        *_of_system(system, filled.shelf),
        *(Listed(path) for path in ("/my-work/", f"/search/?q={WORD}", "/search/?q=leaked", f"/search/?q={NOWHERE}")),
        *(Listed(f"/{query}", "") for query in ("", "?page=10", "?stage=retired")),
        *(Listed(f"/systems/{system}/{page}") for page in ("", "active/", "runs/compare/")),
        Listed(f"/systems/{system}/runs/compare/?first={run}&second={filled.second_run}"),
        Listed(f"/systems/{system}/runs/compare/?first={run}&second={filled.second_run}&show=harmless-harmless"),
        Listed("/api/v1/harms/", "harm"),
        Listed(f"/api/v1/harms/?system={system}&q=leaked", f"harm where system_id = {system} {HARM_FILTERS['q=leaked']}"),
        *(_harms("/harms/", query, "true") for query in HARM_FILTERS),
        *(_harms(f"/systems/{system}/harms/", query, f"system_id = {system}") for query in SOME_FILTERS),
    ]


def lists_of_some(filled: filling.Filled) -> list[Listed]:
    """Of somebody who reads a few systems."""
    return [_harms("/harms/", query, "system_id = any(array[{}])".format(", ".join(map(str, filled.some)))) for query in SOME_FILTERS]


def _harms(place: str, query: str, condition: str) -> Listed:
    return Listed(f"{place}?{query}" if query else place, f"harm where {condition} {HARM_FILTERS[query]}")


def _of_run(run: int, version: int) -> list[Listed]:
    outputs, cases = f"output where run_id = {run}", f"measurement_case where version_id = {version}"
    return [
        Listed(f"/runs/{run}/"),
        *(Listed(f"/runs/{run}/outputs/{'?' if query else ''}{query}", f"{outputs} {condition}") for query, condition in OUTPUT_FILTERS.items()),
        Listed(f"/api/v1/outputs/?run={run}", outputs),
        Listed(f"/api/v1/outputs/?run={run}&judged=harmful", f"{outputs} {OUTPUT_FILTERS['judged=harmful']}"),
        Listed(f"/set-versions/{version}/", cases),
        Listed(f"/set-versions/{version}/?q={WORD}", cases),
        Listed(f"/set-versions/{version}/?q=77777", f"{cases} and messages::text like '%77777%'"),
        Listed(f"/set-versions/{version}/?q={NOWHERE}", f"{cases} and false"),
        Listed(f"/api/v1/cases/?version={version}", cases),
        Listed(f"/runs/{run}/judgings/"),
    ]


def _of_system(system: int, shelf: int) -> list[Listed]:
    here, there = f"where system_id = {system}", f"where system_id = {shelf}"
    return [
        Listed(f"/systems/{system}/runs/", f"run {here}"),
        Listed(f"/systems/{system}/runs/?state=completed", f"run {here} and state = 'completed'"),
        Listed(f"/systems/{system}/runs/?state=paused", f"run {here} and state = 'paused'"),
        *(
            Listed(f"/systems/{shelf}/{page}/{query}", f"{table} {there} {condition}")
            for page, table in (("metrics", "metric"), ("sets", "measurement_set"))
            for query, condition in (("", ""), ("?sort=-added", ""), ("?q=copy+777", "and name ilike '%copy 777%'"), (f"?q={NOWHERE}", "and false"))
        ),
        Listed(f"/api/v1/runs/?system={system}", f"run {here}"),
        Listed(f"/api/v1/metrics/?system={shelf}", f"metric {there}"),
        Listed(f"/api/v1/measurement-sets/?system={shelf}", f"measurement_set {there}"),
    ]


def lists_of_settings(filled: filling.Filled) -> list[Listed]:
    """Of an administrator: also the bell, which every page has."""
    entries, told = f"catalogue_entry where catalogue = '{filled.catalogue}'", f"notification where recipient_id = {filled.reader}"
    catalogue = f"/settings/catalogues/{filled.catalogue}/"
    return [
        Listed("/settings/people/", "account_user where kind in ('person', 'service')"),
        Listed("/settings/people/?q=person-777", "account_user where username like '%person-777%'"),
        Listed("/settings/people/?role=administrator", "account_user where id in (select user_id from account_membership where role = 'administrator')"),
        Listed("/settings/tokens/all/", "account_api_token"),
        Listed("/settings/ledger/", "audit_entry"),
        Listed("/settings/ledger/?action=harms.harm_changed", "audit_entry where action = 'harms.harm_changed'"),
        Listed(f"/settings/ledger/?scope={filled.system}", f"audit_entry where scope_id = {filled.system}"),
        Listed("/settings/ledger/?action=systems.system_added", "audit_entry where action = 'systems.system_added'"),
        Listed(f"/settings/ledger/?q={NOWHERE}", "audit_entry where false"),
        Listed("/settings/catalogues/"),
        Listed(catalogue, entries),
        Listed(f"{catalogue}?sort=title", entries),
        Listed(f"{catalogue}?sort=-changed", entries),
        Listed(f"{catalogue}?state=ended", f"{entries} and valid_to < now()::date"),
        Listed(f"{catalogue}?q={NOWHERE}", f"{entries} and false"),
        Listed(f"/api/v1/catalogue-entries/?catalogue={filled.catalogue}", entries),
        Listed("/notifications/", told),
        Listed("/notifications/?state=unread", f"{told} and read_at is null"),
        Listed("/notifications/?kind=benchmark.told", f"{told} and kind = 'benchmark.told'"),
        Listed(f"/notifications/?q={NOWHERE}", f"{told} and false"),
        Listed("/api/v1/notifications/", told),
        Listed("/settings/messages/", "notification_delivery"),
        Listed("/settings/messages/?state=dead", "notification_delivery where state = 'dead'"),
    ]
