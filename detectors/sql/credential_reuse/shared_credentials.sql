-- grain: credential
-- reads: daily_credential
-- why: one credential that several identities act with on the day
select
    credential_id,
    count(distinct identity_id) as identities,
    list_sort(list(distinct identity_id)) as who
from daily_credential
where event_date = $day and credential_id is not null
group by credential_id
having count(distinct identity_id) > 1
