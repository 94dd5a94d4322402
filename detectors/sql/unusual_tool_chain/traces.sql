-- grain: trace
-- reads: events
-- why: the runs to judge (they began on the day) and a sample of each agent's runs before it, in
--      order of time in buckets of $bucket_characters: their texts are looked at a bucket at a time
with seen as (
    select
        trace_id,
        min(event_date) as day,
        arg_min(identity_id, (event_time, event_id)) filter (where tool_name is not null)
            as identity_id,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        sum(
            least(coalesce(strlen(prompt), 0), $text_limit)
            + least(coalesce(strlen(tool_arguments), 0), $text_limit)
            + least(coalesce(strlen(tool_result), 0), $text_limit)
        ) as characters
    from events
    where trace_id is not null
        and event_date between $history_start and $day + 1
    group by trace_id
    having count(tool_name) filter (where identity_id is not null) > 0 and min(event_date) <= $day
),

placed as (
    select
        *,
        day = $day as judged,
        row_number() over (partition by identity_id, day = $day order by hash(trace_id)) as place
    from seen
),

-- The history of many agents is bounded too: each gives its first runs before any gives more.
numbered as (
    select
        *,
        row_number() over (partition by judged order by place, hash(trace_id)) as number
    from placed
    where judged or place <= $history_traces
),

sampled as (
    select
        *,
        sum(characters) over (partition by judged order by first_seen, trace_id) as until
    from numbered
    where judged or number <= $all_history_traces
)

select
    trace_id,
    day,
    identity_id,
    first_seen,
    last_seen,
    judged,
    dense_rank() over (order by judged, until // $bucket_characters) as bucket
from sampled
