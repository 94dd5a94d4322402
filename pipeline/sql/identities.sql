-- grain: identity
-- reads: identity_overview
-- why: the list of `nhiwatch identities`, riskiest first
select
    identity_id, identity_name, identity_kind, risk, open_findings, events, active_days,
    first_seen, last_seen, declared, owner, purpose, capability, account_id, source
from identity_overview
where $kind is null or identity_kind = $kind
order by risk desc, events desc
limit $limit
