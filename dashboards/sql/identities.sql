-- grain: identity
-- reads: identity_overview
-- why: the choices of the identity page, riskiest first
select identity_id, identity_name
from identity_overview
order by risk desc, events desc
