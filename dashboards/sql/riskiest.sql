-- grain: identity
-- reads: identity_overview
-- why: whom to look at first
select identity_name, identity_kind, risk, open_findings, worst_severity
from identity_overview
where risk > 0
order by risk desc
limit 12
