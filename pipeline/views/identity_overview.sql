-- grain: identity
-- reads: identities, findings_current, daily_identity, newest_day
-- why: the riskiest first. Risk is 100 times the noisy-or of the open findings' scores, each
--      weighed by severity (low 0.1, medium 0.3, high 0.6, critical 0.9) and halved for each week
--      that it is older than the newest data.
create or replace view identity_overview as
with open_findings as (
    select
        f.identity_id,
        count(*) as findings,
        max(f.severity_rank) as worst,
        1 - exp(sum(ln(1 - least(
            0.999,
            f.score * list_extract([0.1, 0.3, 0.6, 0.9], f.severity_rank)
                * pow(0.5, greatest(0, n.day - f.day) / 7.0)
        )))) as risk
    from findings_current as f
    cross join newest_day as n
    where f.state = 'new'
    group by f.identity_id
),

lately as (
    select d.identity_id, sum(d.events) as events, sum(d.denied) as denied
    from daily_identity as d
    join newest_day as n on d.event_date > n.day - 30 and d.event_date <= n.day
    group by d.identity_id
)

select
    i.identity_id::varchar as identity_id,  -- the identity
    i.identity_name::varchar as identity_name,  -- its short name
    i.identity_kind::varchar as identity_kind,  -- its kind
    i.source::varchar as source,  -- the log it is seen in most
    i.account_id::varchar as account_id,  -- the account it acts in most
    i.declared::boolean as declared,  -- whether the inventory names it
    i.owner::varchar as owner,  -- who answers for it
    i.purpose::varchar as purpose,  -- what it is for
    i.capability::varchar as capability,  -- what it may do, as declared
    i.first_seen::timestamptz as first_seen,  -- its first event
    i.last_seen::timestamptz as last_seen,  -- its last event
    i.events::bigint as events,  -- its events
    i.active_days::bigint as active_days,  -- days with an event
    coalesce(l.events, 0)::bigint as events_30_days,  -- its events in the last 30 days of data
    coalesce(l.denied, 0)::bigint as denied_30_days,  -- of them, denied
    coalesce(o.findings, 0)::bigint as open_findings,  -- findings nobody decided on
    list_extract(['low', 'medium', 'high', 'critical'], o.worst)::varchar
        as worst_severity,  -- the worst of them
    round(100 * coalesce(o.risk, 0))::integer as risk  -- 0..100, from its open findings
from identities as i
left join open_findings as o on o.identity_id = i.identity_id
left join lately as l on l.identity_id = i.identity_id
