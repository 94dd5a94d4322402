-- grain: finding
-- reads: findings_current
-- why: the list of `nhiwatch findings`: newest and riskiest first, filters that may be null
with asked as (
    select *
    from findings_current
    where ($detector is null or detector = $detector)
        and (
            $identity is null
            or contains(lower(concat_ws(' ', identity_name, identity_id)), lower($identity))
        )
        and ($since is null or last_seen >= $since::date)
        and (coalesce($everything, false) or state = 'new')
        and (
            $severity is null
            or list_position(['low', 'medium', 'high', 'critical'], severity)
            >= list_position(['low', 'medium', 'high', 'critical'], $severity)
        )
)

select
    finding_id, detector, severity, raised_from, score, confidence, identity_id, identity_name,
    subject, "window", title, observed, expected, support, evidence, frameworks, first_seen,
    last_seen, state, assignee, run_id
from asked
order by
    left("window", 10) desc,
    list_position(['low', 'medium', 'high', 'critical'], severity) desc,
    score desc
limit $limit
