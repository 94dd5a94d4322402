-- grain: unit, day
-- reads: events, labelled
-- why: every unit of the labels' kind that the labels do not name, to count as benign; a day each
--      if the labels have days
select distinct
    case $level
        when 'event' then e.event_id
        when 'trace' then e.trace_id
        when 'session' then e.session_id
        when 'credential' then e.credential_id
        else e.identity_id
    end as unit,
    case when $daily then e.event_date end as day
from events as e
anti join labelled as l
    on l.unit = case $level
        when 'event' then e.event_id
        when 'trace' then e.trace_id
        when 'session' then e.session_id
        when 'credential' then e.credential_id
        else e.identity_id
    end
    and l.day is not distinct from case when $daily then e.event_date end
where unit is not null
