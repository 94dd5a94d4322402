-- grain: start_id, identity_id
-- reads: acts, depths
-- why: a chain's score: its acts, the strongest of each level of access, joined by noisy-or, and its depth against what is usual for its start
with classes as (
    select start_id, identity_id, access, max(score) as score
    from acts
    group by start_id, identity_id, access
),

amplified as (
    select start_id, identity_id, 1 - product(1 - score) as amplification
    from classes
    group by start_id, identity_id
),

shapes as (
    select
        start_id,
        identity_id,
        arg_max(path, (depth, path)) as path,
        max(depth) as depth,
        min(edge_days) as edge_days,
        max(starts) as starts,
        max(start_days) as start_days,
        max(end_days) as end_days,
        sum(events)::bigint as events,
        count(distinct action) as actions,
        count(distinct action) filter (where score > 0) as new_actions,
        count(distinct action) filter (where refused_id is not null) as refused_actions,
        list({
            'action': action,
            'access': access,
            'events': events,
            'succeeded': succeeded,
            'refused_id': refused_id,
            'own_days': own_days,
            'technique': technique,
            'score': score
        } order by score desc, action, access) filter (where score > 0) as new_acts,
        list(event_id order by score desc, first_seen, event_id) as evidence,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from acts
    group by start_id, identity_id
),

deep as (
    select
        s.*,
        a.amplification,
        d.usual as usual_depth,
        $depth_weight * case
            when coalesce(d.is_known, false)
                then 1 - exp(-greatest(0, (s.depth - d.usual) / d.spread - 1) / $depth_scale)
            else 0
        end as depth_part
    from shapes as s
    join amplified as a on a.start_id = s.start_id and a.identity_id = s.identity_id
    left join depths as d on d.start_id = s.start_id
)

select
    start_id,
    identity_id,
    path,
    depth,
    edge_days,
    starts,
    start_days,
    end_days,
    events,
    actions,
    new_actions,
    refused_actions,
    new_acts,
    evidence,
    first_seen,
    last_seen,
    amplification,
    usual_depth,
    depth_part::double as depth_part,
    (1 - (1 - amplification) * (1 - depth_part))::double as score
from deep
