-- grain: identity_id
-- reads: drift_units, daily_resource, daily_credential
-- why: things and accounts never touched before, against what the history leads one to expect
--      (Good's and Turing's estimate again: touched on one day only, per day of history)
with things as (
    select
        d.identity_id,
        d.resource_id,
        bool_or(d.event_date = $day) as is_touched,
        count(distinct d.event_date) filter (where d.event_date < $day) as days
    from daily_resource as d
    semi join drift_units as u on u.identity_id = d.identity_id
    where d.event_date between $history_start and $day
    group by d.identity_id, d.resource_id
),

added as (
    select
        identity_id,
        count(*) filter (where is_touched and days = 0) as resources,
        count(*) filter (where days = 1) as once
    from things
    group by identity_id
),

accounts as (
    select
        d.identity_id,
        d.account_id,
        bool_and(d.event_date = $day) as is_new,
        sum(d.succeeded) as succeeded
    from daily_credential as d
    semi join drift_units as u on u.identity_id = d.identity_id
    where d.event_date between $history_start and $day
        and d.account_id is not null
    group by d.identity_id, d.account_id
),

places as (
    select
        identity_id,
        list_sort(list(account_id) filter (where is_new and succeeded > 0)) as accounts
    from accounts
    group by identity_id
    having not bool_and(is_new)
),

final as (
    select
        u.identity_id,
        coalesce(a.resources, 0) as new_resources,
        coalesce(a.once, 0) / u.active_days as expected_resources,
        coalesce(n.accounts, []) as new_accounts
    from drift_units as u
    left join added as a on a.identity_id = u.identity_id
    left join places as n on n.identity_id = u.identity_id
    where u.active_days >= $few_days
)

select
    identity_id,
    new_resources,
    expected_resources::double as expected_resources,
    new_accounts,
    (
        1 - exp(-greatest(ln((new_resources + 5) / (expected_resources + 5)), 0) / 1.5)
    )::double as new_things,
    (1 - exp(-0.7 * len(new_accounts)))::double as new_places
from final
