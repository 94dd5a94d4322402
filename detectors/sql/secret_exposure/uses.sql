-- grain: credential_id
-- reads: daily_secret, daily_credential, kinds
-- why: the other end: a credential that was exposed, on the day or before, and is in use after it.
--      What is usual for it is how it was used on the days before the exposure, or, if there is
--      none, on $known_days days or more since: its first use is told on those.
with exposed as (
    select
        unnest(s.credential_ids) as credential_id,
        s.identity_id,
        s.place,
        s.tool_name,
        s.kind,
        s.masked,
        s.fingerprint,
        s.first_seen,
        s.event_date,
        s.event_id,
        k.strength,
        k.is_name_only
    from daily_secret as s
    join kinds as k on k.kind = s.kind
    where s.event_date >= $history_start and s.event_date <= $day
),

-- The first exposure counts; the worst kind under that name tells how bad it is.
first_exposure as (
    select
        credential_id,
        min(first_seen) as exposed_at,
        min(event_date) as exposed_on,
        arg_min(event_id, (first_seen, event_id, place)) as exposed_by,
        arg_min(identity_id, (first_seen, event_id, place)) as exposer,
        arg_min(place, (first_seen, event_id, place)) as place,
        arg_min(tool_name, (first_seen, event_id, place)) as tool_name,
        arg_max(kind, (strength, fingerprint)) as kind,
        arg_max(masked, (strength, fingerprint)) as masked,
        arg_max(fingerprint, (strength, fingerprint)) as fingerprint,
        bool_and(is_name_only) as is_name_only
    from exposed
    group by credential_id
),

used as (
    select
        f.credential_id,
        f.exposed_at,
        f.exposed_on,
        c.event_date,
        c.identity_id,
        c.network,
        c.source_ip,
        c.events,
        c.last_seen
    from first_exposure as f
    join daily_credential as c on c.credential_id = f.credential_id
    where c.event_date >= $history_start and c.event_date <= $day
),

before as (
    select
        credential_id,
        list_sort(list(distinct identity_id)) as identities,
        list_sort(list(distinct coalesce(network, source_ip))) as networks,
        count(distinct event_date) as days,
        false as is_since
    from used
    where event_date < exposed_on
    group by credential_id
),

since as (
    select
        u.credential_id,
        list_sort(list(distinct u.identity_id)) as identities,
        list_sort(list(distinct coalesce(u.network, u.source_ip))) as networks,
        count(distinct u.event_date) as days,
        true as is_since
    from used as u
    anti join before as b on b.credential_id = u.credential_id
    where u.event_date < $day
    group by u.credential_id
    having count(distinct u.event_date) >= $known_days
),

usual as (
    select credential_id, identities, networks, days, is_since from before
    union all
    select credential_id, identities, networks, days, is_since from since
),

today as (
    select
        u.credential_id,
        u.identity_id,
        coalesce(u.network, u.source_ip) as place,
        u.events,
        n.days is not null
        and not coalesce(list_contains(n.networks, coalesce(u.network, u.source_ip)), false)
            as is_new_place,
        n.days is not null
        and not (
            list_contains(n.identities, u.identity_id)
            and list_contains(n.networks, coalesce(u.network, u.source_ip))
        ) as is_foreign
    from used as u
    left join usual as n on n.credential_id = u.credential_id
    where u.event_date = $day and u.last_seen > u.exposed_at
),

users as (
    select
        credential_id,
        arg_max(identity_id, (is_foreign, events, identity_id)) as identity_id,
        bool_or(is_foreign) as is_foreign,
        list_sort(list(distinct place) filter (where is_new_place)) as foreign_places,
        coalesce(sum(events) filter (where is_foreign), sum(events))::bigint as events
    from today
    group by credential_id
)

select
    'credential' as subject_kind,
    f.credential_id as subject_id,
    u.identity_id,
    u.is_foreign,
    u.foreign_places,
    u.events,
    f.exposed_at,
    f.exposed_by,
    f.exposer,
    f.place,
    f.tool_name,
    f.kind,
    f.masked,
    f.fingerprint,
    f.is_name_only,
    coalesce(n.days, 0)::bigint as usual_days,
    coalesce(n.is_since, false) as is_since,
    n.identities as usual_identities,
    n.networks as usual_networks,
    (case
        when u.is_foreign then $foreign_use
        when n.days is null then $first_use
        else $usual_use
    end * if(f.is_name_only, $name_only_share, 1))::double as score
from first_exposure as f
join users as u on u.credential_id = f.credential_id
left join usual as n on n.credential_id = f.credential_id
