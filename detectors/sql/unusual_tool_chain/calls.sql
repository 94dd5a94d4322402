-- grain: tool call of the bucket
-- reads: events, traces
-- why: each run's tool calls in order, their texts cut to a bearable length
select
    e.trace_id,
    t.judged,
    t.identity_id,
    e.event_id,
    e.tool_name,
    -- send_mail, sendMail and mail.send: the words send and mail
    regexp_extract_all(
        lower(regexp_replace(e.tool_name, '([a-z])([A-Z])', '\1 \2', 'g')), $word
    ) as tool_words,
    e.access,
    e.outcome,
    e.resource_id,
    left(e.tool_arguments, $text_limit) as arguments,
    left(e.tool_result, $text_limit) as result,
    -- A call that failed has nothing to return; of any other the log has not what it returned.
    e.tool_result is null and e.outcome not in ('denied', 'failure') as is_unread,
    row_number() over (partition by e.trace_id order by e.event_time, e.event_id) as call_no
from events as e
join traces as t on t.trace_id = e.trace_id and t.bucket = $bucket
where e.tool_name is not null and e.event_date between $bucket_start::date and $bucket_end::date
    and e.event_time between $bucket_start and $bucket_end
