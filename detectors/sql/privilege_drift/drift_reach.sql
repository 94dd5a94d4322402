-- grain: identity_id
-- reads: drift_units, daily_resource, daily_credential
-- why: things and accounts never touched before, against what the history leads one to expect
--      (Good's and Turing's estimate again: touched on one day only, per day of history)
with touched as (
    select distinct identity_id, resource_id
    from daily_resource
    where event_date = $day
),

known as (
    select d.identity_id, d.resource_id, count(distinct d.event_date) as days
    from daily_resource as d
    semi join touched as t on t.identity_id = d.identity_id
    where d.event_date >= $history_start
        and d.event_date < $day
    group by d.identity_id, d.resource_id
),

once as (
    select identity_id, count(*) filter (where days = 1) as resources
    from known
    group by identity_id
),

added as (
    select t.identity_id, count(*) as resources
    from touched as t
    anti join known as k on k.identity_id = t.identity_id and k.resource_id = t.resource_id
    group by t.identity_id
),

known_accounts as (
    select distinct identity_id, account_id
    from daily_credential
    where event_date >= $history_start
        and event_date < $day
),

new_accounts as (
    select d.identity_id, list_sort(list(distinct d.account_id)) as accounts
    from daily_credential as d
    anti join known_accounts as k
        on k.identity_id = d.identity_id and k.account_id = d.account_id
    semi join known_accounts as o on o.identity_id = d.identity_id
    where d.event_date = $day
        and d.account_id is not null
        and d.succeeded > 0
    group by d.identity_id
),

final as (
    select
        u.identity_id,
        coalesce(a.resources, 0) as new_resources,
        coalesce(o.resources, 0) / u.active_days as expected_resources,
        coalesce(n.accounts, []) as new_accounts
    from drift_units as u
    left join added as a on a.identity_id = u.identity_id
    left join once as o on o.identity_id = u.identity_id
    left join new_accounts as n on n.identity_id = u.identity_id
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
