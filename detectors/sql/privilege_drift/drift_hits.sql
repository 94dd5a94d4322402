-- grain: event_id
-- reads: events, drift_ruled, drift_known_accounts
-- why: the judged day's events that a rule without history knows. Only rules with conditions read
--      the record itself, which is most of the bytes. An event counts once, by its strongest rule.
with outsiders as (
    select coalesce(list(account_id), []) as known_accounts
    from drift_known_accounts
),

plain as (
    select e.event_id, e.event_time, e.identity_id, e.on_behalf_of, e.service, e.action, e.access,
        e.outcome, e.resource_id, r.rule, r.strength
    from events as e
    join drift_ruled as r on r.action = e.action
    where e.event_date = $day
        and e.identity_id is not null
        and r.raw_pattern is null
        and r.raw_unless is null
        and not r.outsider
),

conditioned as (
    select e.event_id, e.event_time, e.identity_id, e.on_behalf_of, e.service, e.action, e.access,
        e.outcome, e.resource_id, r.rule, r.strength
    from events as e
    join drift_ruled as r on r.action = e.action
    cross join outsiders as o
    where e.event_date = $day
        and e.identity_id is not null
        and (r.raw_pattern is not null or r.raw_unless is not null or r.outsider)
        and (r.raw_pattern is null or regexp_matches(e.raw, r.raw_pattern, 'i'))
        and (r.raw_unless is null or not regexp_matches(e.raw, r.raw_unless, 'i'))
        and (
            not r.outsider
            or len(
                list_filter(
                    regexp_extract_all(e.raw, '[:"]([0-9]{12})[:"\\]', 1),
                    lambda named: not list_contains(o.known_accounts, named)
                )
            ) > 0
        )
),

hits as (
    select * from plain
    union all
    select * from conditioned
),

-- The identity's names, arn:aws:sts::1:assumed-role/NAME/NAME, without what kind of thing it is.
named as (
    select *, string_split(regexp_extract(identity_id, '[^:]*$'), '/') as names
    from hits
),

final as (
    select
        h.event_id,
        h.event_time,
        h.identity_id,
        h.service,
        h.action,
        h.access,
        h.outcome,
        h.resource_id,
        h.rule,
        -- The thing changed is the identity itself.
        coalesce(
            list_contains(
                h.names[case when len(h.names) > 1 then 2 else 1 end:],
                nullif(regexp_extract(h.resource_id, '[^:/]+$'), '')
            ),
            false
        ) as is_self
    from named as h
    where not coalesce(
        regexp_full_match(h.on_behalf_of, '[a-z0-9-]+(\.[a-z0-9-]+)+'),
        false
    )
    qualify row_number() over (
        partition by h.identity_id, h.event_id order by h.strength desc, h.rule
    ) = 1
)

select
    event_id,
    event_time,
    identity_id,
    service,
    action,
    access,
    outcome,
    resource_id,
    rule,
    is_self
from final
