-- grain: identity active on the judged day
-- reads: judged_identities, mismatches, machine_actions, capability_weights
-- why: the worst mismatch of each identity, all of them in order, and what it does otherwise
with worst as (
    select
        identity_id,
        max(weight) as score,
        max(rank) as rank,
        max(rank) filter (where succeeded > 0) as rank_done,
        arg_max(against, (weight, against)) as against,
        list(
            {
                'capability': capability,
                'words': words,
                'action': action,
                'events': events,
                'succeeded': succeeded,
                'denied': denied
            }
            order by weight desc, events desc, action
        ) as acts
    from mismatches
    group by identity_id
),

usual as (
    select
        a.identity_id,
        list(distinct w.words order by w.words) as did_before
    from machine_actions as a
    join capability_weights as w on w.capability = a.capability
    where not a.judged and a.succeeded > 0 and w.class <> 'none'
    group by a.identity_id
)

select
    i.identity_id,
    i.declared,
    i.allowed_tools,
    i.history_days,
    i.acting_days,
    coalesce(w.score, 0) as score,
    w.rank,
    w.rank_done,
    w.against,
    w.acts,
    u.did_before
from judged_identities as i
left join worst as w on w.identity_id = i.identity_id
left join usual as u on u.identity_id = i.identity_id
order by score desc, i.identity_id
