-- grain: identity, month, capability
-- reads: daily_action, identities, capability_classes, declared_capabilities
-- why: what each identity does, by month, beside what it is declared to do, with the proof: which
--      actions, how often, since when, and events that show it
create or replace view identity_capability as
with per_action as (
    select
        identity_id,
        date_trunc('month', event_date)::date as month,
        capability,
        action,
        mode(identity_kind order by identity_kind) as identity_kind,
        sum(events) as events,
        sum(succeeded) as succeeded,
        sum(denied) as denied,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen,
        list(distinct event_date) as dates,
        arg_min(example, (succeeded = 0, first_seen, example)) as example
    from daily_action
    group by identity_id, month, capability, action
),

placed as (
    select
        a.*,
        i.capability as declared,
        d.capability is not null or coalesce(list_contains(i.allowed_tools, a.action), false)
            as within
    from per_action as a
    left join identities as i on i.identity_id = a.identity_id
    left join declared_capabilities as d
        on d.identity_id = a.identity_id and d.capability = a.capability
)

select
    p.identity_id::varchar as identity_id,  -- the identity
    mode(p.identity_kind order by p.identity_kind)::varchar as identity_kind,  -- its kind
    p.month::date as month,  -- the first day of the month
    p.capability::varchar as capability,  -- what it does
    any_value(c.words)::varchar as does,  -- the same for people
    any_value(c.class)::varchar as class,  -- none | data access | action | authority
    any_value(p.declared)::varchar as declared,  -- what it may do, as declared; null if nothing is
    (case when any_value(p.declared) is not null then bool_and(p.within) end)::boolean
        as within_declared,  -- whether all of it is declared; null if nothing is
    sum(p.events)::bigint as events,  -- how often it did or tried
    sum(p.succeeded)::bigint as succeeded,  -- of them, successful
    sum(p.denied)::bigint as denied,  -- of them, denied
    len(list_distinct(flatten(list(p.dates))))::bigint as days,  -- on how many days
    min(p.first_seen)::timestamptz as first_seen,  -- the first time in the month
    max(p.last_seen)::timestamptz as last_seen,  -- the last
    (list(p.action || ' ×' || p.events order by p.within, p.events desc, p.action)[:10])::varchar[]
        as actions,  -- by which actions, undeclared and most frequent first, at most 10
    (list(p.example order by p.within, p.events desc, p.action)[:10])::varchar[]
        as examples  -- an event_id of each of these actions
from placed as p
left join capability_classes as c on c.capability = p.capability
group by p.identity_id, p.month, p.capability
