-- grain: identity
-- reads: daily_credential, profile_network
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
from daily_credential as d
semi join profile_network($day::date, $history_start::date) as p
    on p.identity_id = d.identity_id and p.network = d.network and p.days >= $known_days
where d.event_date >= $history_start and d.event_date < $day
group by identity_id
