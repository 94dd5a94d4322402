-- grain: network
-- reads: daily_credential
-- why: a network that several identities used before, or began to use in the same days, is the
--      company's own (a new office, a new gateway), not one thief's
select
    network,
    count(distinct identity_id) as identities
from daily_credential
where event_date > $day - $company_days
    and event_date <= $day
    and network is not null
    and network not in ('service', 'private')
group by network
