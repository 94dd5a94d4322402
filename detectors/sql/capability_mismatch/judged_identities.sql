-- grain: identity active on the judged day
-- reads: machine_actions, identities
-- why: the agents, the workloads that ask models, and what else is declared to do less than act;
--      each with what is declared of it and whether its history is an analyst's
with known as (
    select
        identity_id,
        bool_or(judged) as active,
        bool_or(of_ai) as of_ai,
        count(distinct event_date) filter (where not judged) as history_days,
        count(distinct event_date) filter (where not judged and not analysis and succeeded > 0)
            as acting_days
    from machine_actions
    group by identity_id
)

select
    k.identity_id,
    i.capability as declared,
    i.allowed_tools,
    -- Who may do everything, or of whom nothing is said, is measured by what it did before.
    i.capability is null or list_contains(string_split(i.capability, ';'), 'act') as unbound,
    k.history_days,
    k.acting_days,
    i.capability is null and k.history_days >= $enough_days and k.acting_days < $known_days
        as analysed_so_far
from known as k
left join identities as i on i.identity_id = k.identity_id
where k.active and (k.of_ai or not unbound)
