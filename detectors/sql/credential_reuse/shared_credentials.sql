-- grain: credential
-- reads: daily_credential
-- why: one credential that several identities act with on the day, as long as one of them is new to
--      it: a key that all of them have shared for days was told then
with users as (
    select
        credential_id,
        identity_id,
        count(distinct event_date) filter (where event_date < $day) < $known_days as is_new
    from daily_credential
    where event_date >= $history_start
        and event_date <= $day
        and credential_id is not null
    group by credential_id, identity_id
    having bool_or(event_date = $day)
)

select
    credential_id,
    count(*) as identities,
    list(identity_id order by not is_new, identity_id) as who,
    list_sort(list(identity_id) filter (where is_new)) as newcomers
from users
group by credential_id
having count(*) > 1 and bool_or(is_new)
