-- grain: credential_id
-- reads: events, found_uses
-- why: the events that used the exposed credential after its exposure; of a use that is foreign to
--      it, only those
select
    f.subject_id,
    list(e.event_id order by e.event_time, e.event_id)[1:$most_evidence] as used_by,
    min(e.event_time) as first_used,
    max(e.event_time) as last_used
from events as e
join found_uses as f on f.subject_id = e.credential_id
where e.event_date = $day
    and e.event_time > f.exposed_at
    and not coalesce(
        f.is_foreign
        and list_contains(f.usual_identities, e.identity_id)
        and list_contains(f.usual_networks, coalesce(e.network, e.source_ip)),
        false
    )
group by f.subject_id
