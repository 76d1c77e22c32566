"""What must hold of systems, deployments and configurations."""

from __future__ import annotations

from collections.abc import Sequence

from raiportal.integrity.histories import is_recorded
from raiportal.integrity.invariants import Invariant, all_of, found_by
from raiportal.integrity.kernel import are_final
from systems.models import AISystem, Deployment

FINAL_TABLES = ("metaprompt_version", "filter_configuration", "configuration", "activation", "activation_share", "model_document_acknowledgement")
_OTHER_SYSTEM = """
select 'Configuration ' || c.id, 'its deployment' from configuration c join deployment d on d.id = c.deployment_id
    where d.system_id is distinct from c.system_id
union all
select 'Configuration ' || c.id, 'its metaprompt' from configuration c join metaprompt_version m on m.id = c.metaprompt_id where m.system_id <> c.system_id
union all
select 'Configuration ' || c.id, 'its content filter' from configuration c join filter_configuration f on f.id = c.filters_id
    where f.system_id <> c.system_id
union all
select 'Activation ' || a.id, 'configuration ' || c.id from activation a join activation_share s on s.activation_id = a.id
    join configuration c on c.id = s.configuration_id where c.system_id is distinct from a.system_id
union all
select 'Stakeholder ' || s.id, 'an intended use' from stakeholder s join stakeholder_intended_use l on l.stakeholder_id = s.id
    join intended_use u on u.id = l.intendeduse_id where u.system_id <> s.system_id
"""
_NOT_WHOLE = """
select 'Activation ' || a.id, coalesce(sum(s.share), 0) from activation a left join activation_share s on s.activation_id = a.id
    group by a.id having coalesce(sum(s.share), 0) <> 100
"""

INVARIANTS: Sequence[Invariant] = (
    Invariant("Shares of activations", "What is active adds up to 100 percent", found_by(_NOT_WHOLE, "{0} adds up to {1} percent.")),
    Invariant("INV-08 of systems", "What runs measured stays as it was", are_final(*FINAL_TABLES)),
    Invariant("INV-16 of systems", "What belongs together belongs to one system", found_by(_OTHER_SYSTEM, "{0} belongs to another system than {1}.")),
    Invariant("INV-18 of systems", "Every system and deployment stands in the ledger as it is", all_of(is_recorded(AISystem), is_recorded(Deployment))),
)
