-- grain: finding
-- reads: findings_current
-- why: the list of findings; a filter that is null lets all through
select
    finding_id, day, severity, raised_from, score, confidence, identity_id, identity_name, owner,
    title, detector, state, decision, decided_at, note, subject, observed, expected, support,
    evidence, frameworks, first_seen, last_seen, newest_day
from findings_current
where ($state is null or state = $state)
    and ($severity is null or severity = $severity)
    and ($detector is null or detector = $detector)
    and contains(lower(concat_ws(' ', identity_name, identity_id)), lower($text))
order by day desc, severity_rank desc, score desc
