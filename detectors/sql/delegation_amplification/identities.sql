-- grain: identity_id
-- reads: fan_out, lost_context
-- why: the identities judged for themselves: as a start that reaches others, as an end that lost
--      its user
select
    coalesce(f.start_id, l.identity_id) as identity_id,
    coalesce(f.score, 0.0)::double as fan_out_score,
    coalesce(l.score, 0.0)::double as lost_score,
    greatest(coalesce(f.score, 0.0), coalesce(l.score, 0.0))::double as score,
    f.ends,
    f.new_ends,
    f.reached,
    f.usual,
    coalesce(f.days, 0) as days,
    l.events as lost_events,
    l.carried_share,
    l.uncarried_days,
    l.days as lost_days,
    f.evidence,
    f.first_seen,
    f.last_seen
from fan_out as f
full join lost_context as l on l.identity_id = f.start_id
