-- grain: identity
-- reads: identity_overview
-- why: what is known of one identity
select
    identity_id, identity_name, identity_kind, account_id, declared, owner, purpose, capability,
    risk, open_findings, events_30_days, denied_30_days, active_days
from identity_overview
where identity_id = $id
