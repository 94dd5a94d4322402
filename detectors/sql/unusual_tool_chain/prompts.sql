-- grain: trace of the bucket
-- reads: events, traces
-- why: all that the user, or the agent that called this one, asked in the run (null: not logged).
--      `scope`: an earlier run is weighed with every run of the same prompt left out, as if it were
--      judged; judged runs share the scope of the whole history.
with asked as (
    select
        e.trace_id,
        left(string_agg(distinct e.prompt, chr(10) order by e.prompt), $text_limit) as prompt
    from events as e
    join traces as t on t.trace_id = e.trace_id and t.bucket = $bucket
    where e.prompt is not null
        and e.event_date between $bucket_start::date and $bucket_end::date
        and e.event_time between $bucket_start and $bucket_end
    group by e.trace_id
)

select
    t.trace_id,
    t.judged,
    t.identity_id,
    a.prompt,
    case when t.judged then '' else coalesce(md5(a.prompt), t.trace_id) end as scope
from traces as t
left join asked as a on a.trace_id = t.trace_id
where t.bucket = $bucket
