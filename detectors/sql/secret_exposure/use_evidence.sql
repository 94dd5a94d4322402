-- grain: credential_id
-- reads: events, found_uses
-- why: the events that used the exposed credential after its exposure, from new places first
select
    f.subject_id,
    list(e.event_id order by
        not coalesce(list_contains(f.foreign_places, coalesce(e.network, e.source_ip)), false),
        e.event_time,
        e.event_id
    )[1:$most_evidence] as used_by,
    min(e.event_time) as first_used,
    max(e.event_time) as last_used
from events as e
join found_uses as f on f.subject_id = e.credential_id
where e.event_date = $day and e.event_time > f.exposed_at
group by f.subject_id
