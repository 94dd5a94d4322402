-- grain: unit, day
-- reads: events, labelled
-- why: every unit of the labels' kind that the labels do not name, to count as benign; a day each
--      if the labels have days
with units as (
    select distinct
        case $level
            when 'event' then event_id
            when 'trace' then trace_id
            when 'session' then session_id
            when 'credential' then credential_id
            else identity_id
        end as unit,
        case when $daily then event_date end as day
    from events
)

select units.unit, units.day
from units
anti join labelled as l on l.unit = units.unit and l.day is not distinct from units.day
where units.unit is not null
