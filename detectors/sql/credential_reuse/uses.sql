-- grain: subject, network, client
-- reads: daily_credential
-- why: where and with what each credential was used today. A long-lived credential is judged as
--      itself; a short-lived one as its session, because a session gets new keys; an event that
--      names neither as its identity. Calls that a cloud's service makes are not the caller's.
select
    case
        when credential_id is not null
            and credential_kind in ('long_lived_key', 'api_key', 'personal_token') then 'credential'
        when session_id is not null then 'session'
        else 'identity'
    end as subject_kind,
    case
        when credential_id is not null
            and credential_kind in ('long_lived_key', 'api_key', 'personal_token')
            then credential_id
        else coalesce(session_id, identity_id)
    end as subject_id,
    arg_max(identity_id, (events, identity_id)) as identity_id,
    arg_max(identity_kind, (events, identity_id)) as identity_kind,
    network,
    mode(country order by country) as country,
    mode(cloud order by cloud) as cloud,
    client,
    list_sort(list(distinct source_ip)) as addresses,
    sum(events)::bigint as events,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen
from daily_credential
where event_date = $day
    and network is not null
    and network <> 'service'
    and identity_kind <> 'cloud_service'
group by 1, 2, network, client
