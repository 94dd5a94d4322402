-- grain: start_id, giver_id, identity_id, action, access
-- reads: delegated_today, delegated_before, edges, own_acts, access_weights,
--        sensitive_actions, agent_operations
-- why: how much each act done for somebody goes beyond what that one can do or ever did. An act
--      that this start had done there before is nothing; one that the end does for everybody, or
--      that the start does itself, little; one that the start was refused itself, most.
with known as (
    select
        t.start_id, t.giver_id, t.identity_id, t.action,
        count(distinct b.event_date) filter (where b.start_id = t.start_id) as start_act_days,
        count(distinct b.event_date) filter (where b.giver_id = t.giver_id) as giver_act_days,
        count(distinct b.start_id) filter (where b.start_id <> t.start_id) as others
    from (select distinct start_id, giver_id, identity_id, action from delegated_today) as t
    left join delegated_before as b
        on b.identity_id = t.identity_id and b.action = t.action and b.succeeded > 0
    group by t.start_id, t.giver_id, t.identity_id, t.action
),

-- Who on the way was refused the same, and never did it.
refused as (
    select
        t.start_id, t.giver_id, t.identity_id, t.action, t.access,
        arg_min(r.identity_id, (r.refused_at, r.identity_id)) as refused_id,
        bool_and(r.is_person) as only_people
    from (
        select *, unnest(path[:-2]) as hand
        from delegated_today
        where succeeded > 0
    ) as t
    join own_acts as r
        on r.identity_id = t.hand and r.action = t.action and r.refused_at <= t.last_seen
    where r.succeeded = 0
    group by t.start_id, t.giver_id, t.identity_id, t.action, t.access
),

placed as (
    select
        t.*,
        e.edge_days,
        e.starts,
        e.openness_count,
        e.start_days,
        e.end_days,
        least(k.start_act_days, k.giver_act_days) as act_days,
        k.others,
        coalesce(o.days, 0) as own_days,
        coalesce(u.days, 0) as end_act_days,
        r.refused_id,
        -- A person who forgot to take on the usual role first: what it does for others anyway.
        t.depth = 1 and t.identity_kind <> 'agent' and r.only_people
            and e.edge_days >= $known_days and k.others > 0 as is_role_remembered,
        if(m.action is null, coalesce(w.weight, 0.2), 0.05) as weight
    from delegated_today as t
    join edges as e
        on e.start_id = t.start_id and e.giver_id = t.giver_id and e.identity_id = t.identity_id
    join known as k
        on k.start_id = t.start_id
        and k.giver_id = t.giver_id
        and k.identity_id = t.identity_id
        and k.action = t.action
    left join refused as r
        on r.start_id = t.start_id
        and r.giver_id = t.giver_id
        and r.identity_id = t.identity_id
        and r.action = t.action
        and r.access is not distinct from t.access
    left join own_acts as o on o.identity_id = t.start_id and o.action = t.action
    left join own_acts as u on u.identity_id = t.identity_id and u.action = t.action
    left join access_weights as w on w.access = t.access
    left join agent_operations as m on m.action = t.action
),

-- Patterns are compared with new acts only: few.
new_actions as (
    select distinct action
    from placed
    where act_days < $known_days
),

sensitive as (
    select
        n.action,
        max(s.strength) as strength,
        arg_max(s.technique, (s.strength, s.technique)) as technique
    from new_actions as n
    join sensitive_actions as s on regexp_matches(lower(n.action), s.action_pattern)
    where s.raw_pattern is null and s.raw_unless is null and not s.outsider
        and s.class <> 'removal'
    group by n.action
),

shares as (
    select
        p.*,
        s.technique,
        greatest(p.weight, coalesce(s.strength, 0)) as strength,
        if(p.edge_days >= $known_days, $known_edge_share, 1.0) as edge_share,
        -- What the end does for others tells nothing, as far as it is open to others.
        1 - (p.openness_count / (p.openness_count + $open_starts))
            * case
                when p.end_act_days = 0 then 0
                else greatest(p.others / greatest(p.starts, 1), 0.5)
            end as end_share,
        case
            when p.own_days > 0 then $own_act_share
            when p.start_days >= $few_days then 1.0
            else $silent_start_share
        end as start_share,
        case
            when p.start_days < $few_days and p.end_days < $few_days then $thin_share
            when p.end_days < $few_days then $new_end_share
            else 1.0
        end as history_share,
        case when p.identity_kind = 'human' then $human_share else 1.0 end as kind_share,
        case when p.succeeded > 0 then 1.0 else $denied_share end as outcome_share
    from placed as p
    left join sensitive as s on s.action = p.action
),

-- On an edge that is known, what the end does for others or by itself is its ordinary work.
weighed as (
    select
        *,
        case
            when act_days >= $known_days then 0
            when edge_days >= $known_days and end_act_days > 0 then 0
            else strength * edge_share * end_share * start_share * history_share * kind_share
                * outcome_share
        end as novelty
    from shares
)

select
    start_id,
    giver_id,
    identity_id,
    identity_kind,
    action,
    access,
    service,
    path,
    depth,
    events,
    succeeded,
    first_seen,
    last_seen,
    event_id,
    edge_days,
    starts,
    start_days,
    end_days,
    act_days,
    own_days,
    technique,
    refused_id,
    greatest(
        novelty,
        case
            when refused_id is null then 0
            else $refused_weight * (0.7 + 0.3 * strength)
                * if(act_days >= $known_days or is_role_remembered, $known_refusal_share, 1)
        end
    )::double as score
from weighed
