-- grain: source
-- reads: ingests, daily_identity, rollups
-- why: is every log still coming at the time of `look`, and how much of it could not be read. An
--      event that is dated later than a day after it came in is a wrong clock's, and not its log's
--      newest. A log is waited for a day; one whose days with events usually lie further apart, for
--      so long and a day. One whose newest event was older when it came in is one of the past:
--      whether there is more of it, nobody can tell
create or replace macro feeds_at(look) as table
with files as (
    select
        coalesce(source, '(not recognised)') as source,
        count(*) as files,
        sum(events) as events,
        sum(rejects) as rejects,
        max(last_event_at) filter (where last_event_at <= ingested_at + interval 1 day)
            as last_event_at,
        max(least(last_event_at, ingested_at)) filter (where last_event_at is not null) as at_most,
        max(ingested_at) as last_ingest_at
    from ingests
    group by 1
),

rolled as (
    select
        d.source,
        max(d.last_seen) filter (where d.event_date <= r.rolled_at::date + 1) as last_event_at,
        sum(d.events) filter (where d.event_date > r.rolled_at::date + 1) as ahead
    from daily_identity as d
    join rollups as r on r.source = d.source and r.event_date = d.event_date
    group by d.source
),

steps as (
    select
        source,
        event_date - lag(event_date) over (partition by source order by event_date) as days
    from rollups
),

-- Of a few days nobody can tell how a log comes.
usual as (
    select
        source,
        median(days) as days
    from steps
    group by source
    having count(days) >= 3
),

known as (
    select
        f.source,
        f.files,
        f.events,
        f.rejects,
        coalesce(r.ahead, 0) as ahead,
        coalesce(greatest(f.last_event_at, r.last_event_at), f.at_most) as last_event_at,
        f.last_ingest_at,
        24 * if(u.days > 1, u.days + 1, 1) as waits_hours
    from files as f
    left join rolled as r on r.source = f.source
    left join usual as u on u.source = f.source
),

newest as (
    select max(last_event_at) as last_event_at
    from known
),

final as (
    select
        k.*,
        epoch(greatest(look::timestamptz, k.last_event_at) - k.last_event_at) / 3600 as age_hours,
        epoch(k.last_ingest_at - k.last_event_at) / 3600 as lag_hours,
        epoch(n.last_event_at - k.last_event_at) / 3600 as behind_hours
    from known as k
    cross join newest as n
)

select
    source,
    files,
    events,
    rejects,
    ahead,
    last_event_at,
    last_ingest_at,
    round(age_hours, 1) as age_hours,
    round(lag_hours, 1) as lag_hours,
    round(behind_hours, 1) as behind_hours,
    waits_hours,
    case
        when last_event_at is null then 'empty'
        when behind_hours > waits_hours then 'quiet'
        when age_hours <= waits_hours then 'live'
        when lag_hours > waits_hours then 'past'
        else 'quiet'
    end as state
from final
