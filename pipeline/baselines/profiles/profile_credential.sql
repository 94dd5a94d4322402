-- grain: credential_id
-- reads: daily_credential
-- why: how a credential is used, over [history_start, day): by whom, from how many networks and
--      with how many clients. Support is in days and events.
create or replace macro profile_credential(day, history_start) as table
select
    credential_id,
    mode(credential_kind order by credential_kind) as credential_kind,
    list(distinct identity_id) as identities,
    count(distinct network) as networks,
    count(distinct client) as clients,
    sum(events)::bigint as events,
    count(distinct event_date) as days,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen
from daily_credential
where event_date >= history_start
    and event_date < day
    and credential_id is not null
group by credential_id
