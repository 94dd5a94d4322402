-- grain: identity
-- reads: daily_credential
-- why: how much history there is, and how much of it inside clouds (private addresses are inside)
select
    identity_id,
    count(distinct event_date) as days,
    sum(events)::bigint as events,
    sum(events) filter (where cloud is not null or network = 'private') / sum(events)
        as inside_share,
    list(distinct cloud) filter (where cloud is not null) as clouds,
    list(distinct country) filter (where country is not null) as countries,
    list(distinct network) as networks,
    list(distinct source_ip) as addresses
from (
    select
        *,
        count(distinct event_date) over (partition by identity_id, network) as network_days
    from daily_credential
    where event_date >= $history_start
        and event_date < $day
        and network is not null
        and network <> 'service'
)
where network_days >= $known_days
group by identity_id
