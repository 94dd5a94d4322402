-- grain: month, capability
-- reads: identity_capability
-- why: what one identity does beside what it is declared to do, newest month first, most that
--      comes of it first
select
    strftime(month, '%Y-%m') as month, class, does, within_declared, actions, succeeded, denied,
    days, first_seen, last_seen, examples
from identity_capability
where identity_id = $id
order by
    month desc,
    list_position(['authority', 'action', 'data access', 'none'], class),
    succeeded desc
