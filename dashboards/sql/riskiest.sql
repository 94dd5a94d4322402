-- grain: identity
-- reads: identity_overview
-- why: whom to look at first
select
    'identity?id=' || url_encode(identity_id) as link,
    risk, identity_name, open_findings, worst_severity, identity_kind,
    count(*) over () as identities
from identity_overview
where risk > 0
order by risk desc
limit 12
