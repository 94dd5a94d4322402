-- grain: value
-- reads: identity_normal
-- why: what is usual for one identity
select value, detail, events, days, last_day, count(*) over () as "values"
from identity_normal
where identity_id = $id and aspect = $aspect
order by events desc
limit 200
