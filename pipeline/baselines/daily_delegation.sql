-- grain: source, event_date, path, via, action, access
-- reads: events, todo
-- why: who did what for whom, with every hand it went through: users and calling agents as the log
--      tells (on_behalf_of, within a trace up to its root), and roles taken on, one after another,
--      by the credential that each hand-over issued. Resolved once a day, so that no detector has
--      to walk the chains again.
--
-- A scope is where a hand-over holds: the trace, else the credential, else the session. A call that
-- a cloud's service makes with an identity's rights, and a role that it hands to what it runs, are
-- nobody's delegation.
with recursive

recent as (
    select
        e.source,
        e.event_date,
        e.event_id,
        e.event_time,
        e.identity_id,
        e.identity_kind,
        e.on_behalf_of,
        coalesce(e.trace_id, e.credential_id, e.session_id, '') as scope,
        e.action,
        e.access,
        e.service,
        e.outcome,
        e.resource_id,
        e.access = 'delegate' and e.identity_kind <> 'cloud_service' as is_handing,
        case
            when e.access = 'delegate' and e.outcome = 'success' and contains(e.raw, 'accessKeyId')
                then try(coalesce(
                    e.raw ->> '$.responseElements.credentials.accessKeyId',
                    e.raw ->> '$.CloudTrailEvent' ->> '$.responseElements.credentials.accessKeyId'
                ))
        end as issued,
        t.event_date is not null as is_todo
    from events as e
    left join todo as t on t.source = e.source and t.event_date = e.event_date
    semi join (
        select source, event_date from todo
        union
        select source, event_date - 1 from todo
    ) as d on d.source = e.source and d.event_date = e.event_date
    where e.identity_id is not null
        and e.action is not null
        and e.network is distinct from 'service'
        and (t.event_date is not null or e.access = 'delegate')
),

-- What a hand-over issued, by whom, on the days that it is followed: a session lives on past
-- midnight, and no longer, whatever days are made at once.
issues as (
    select distinct
        source,
        unnest([event_date, event_date + 1]) as event_date,
        issued as scope,
        identity_id as giver,
        scope as giver_scope
    from recent
    where is_handing and issued is not null
),

todays as (
    select * exclude (is_todo)
    from recent
    where is_todo
),

links as (
    select distinct
        source, event_date, identity_id, scope,
        'on_behalf_of' as via, on_behalf_of as giver, scope as giver_scope
    from todays
    where on_behalf_of <> identity_id
    union all
    select distinct
        t.source, t.event_date, t.identity_id, t.scope,
        'role' as via, i.giver, i.giver_scope
    from todays as t
    join issues as i
        on i.source = t.source
        and i.event_date = t.event_date
        and i.scope = t.scope
    where i.giver <> t.identity_id
),

-- Further up: in a trace by the links of the caller, in a chain of roles by what was issued.
upward as (
    select source, event_date, identity_id, scope, giver, giver_scope
    from links
    union
    select i.source, i.event_date, i.giver as identity_id, i.giver_scope as scope,
        above.giver, above.giver_scope
    from issues as i
    join issues as above
        on above.source = i.source
        and above.event_date = i.event_date
        and above.scope = i.giver_scope
    where above.giver <> i.giver
),

-- Where each calls each there are more ways than anybody could follow: of those to a giver, some.
ways as (
    select
        source, event_date, identity_id, scope, via, giver,
        giver as top, giver_scope as top_scope,
        [giver, identity_id] as path
    from links
    union all
    select
        w.source, w.event_date, w.identity_id, w.scope, w.via, w.giver,
        u.giver as top, u.giver_scope as top_scope,
        list_prepend(u.giver, w.path) as path
    from ways as w
    join upward as u
        on u.source = w.source
        and u.event_date = w.event_date
        and u.identity_id = w.top
        and u.scope = w.top_scope
    where not list_contains(w.path, u.giver) and length(w.path) < 16
    qualify row_number() over (
        partition by w.source, w.event_date, w.identity_id, w.scope, w.via, w.giver
        order by list_prepend(u.giver, w.path)
    ) <= 16
),

-- The whole way and not its parts.
chains as (
    select distinct source, event_date, identity_id, scope, via, giver, path
    from ways
    qualify length(path) = max(length(path)) over (
        partition by source, event_date, identity_id, scope, via, giver
    )
),

done as (
    select t.*, c.path, c.via, t.identity_id as doer
    from todays as t
    join chains as c
        on c.source = t.source
        and c.event_date = t.event_date
        and c.identity_id = t.identity_id
        and c.scope = t.scope
        and (c.via = 'role' or c.giver = t.on_behalf_of)
),

-- The hand-over itself is the first thing done as the one who receives: also if it was refused.
receivers as (
    select distinct source, event_date, scope, identity_id
    from todays
),

handed as (
    select
        t.*,
        list_append(
            coalesce(c.path, [t.identity_id]), coalesce(r.identity_id, t.resource_id)
        ) as path,
        'role' as via,
        coalesce(r.identity_id, t.resource_id) as doer
    from todays as t
    left join receivers as r
        on r.source = t.source
        and r.event_date = t.event_date
        and r.scope = t.issued
    left join chains as c
        on c.source = t.source
        and c.event_date = t.event_date
        and c.identity_id = t.identity_id
        and c.scope = t.scope
    where t.is_handing and coalesce(r.identity_id, t.resource_id) <> t.identity_id
),

acts as (
    from done
    union all by name
    from handed
)

select
    source,
    event_date,
    doer as identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    path[1] as start_id,
    path,
    via,
    mode(service order by service) as service,
    action,
    access,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'success') as succeeded,
    count(*) filter (where outcome = 'denied') as denied,
    count(distinct scope) as scopes,
    arg_min(event_id, (outcome <> 'success', event_time, event_id)) as event_id
from acts
group by source, event_date, doer, path, via, action, access
