-- grain: judged trace
-- reads: traces, calls, explanations, usual_explanations, flows, loops, novelty, prompts
-- why: the worst of each part for every run, with what shows it
--      With little history of any agent nobody knows what is usual: more is taken off.
with little_history as (
    select $most_forgiven * 10 / (10 + count(*)) as weight
    from traces
    where not judged
),

beyond_usual as (
    select
        e.trace_id,
        e.call_no,
        e.from_call,
        e.text,
        e.words,
        greatest(0, e.weight - greatest(coalesce(u.weight, 0), l.weight)) as weight
    from explanations as e
    left join usual_explanations as u on u.tool_name = e.tool_name
    cross join little_history as l
    where e.judged
),

explained as (
    select
        trace_id,
        max(weight) as weight,
        arg_max(call_no, weight) as call_no,
        arg_max(from_call, weight) as from_call,
        arg_max(text, weight) as text,
        arg_max(words, weight) as words
    from beyond_usual
    group by trace_id
),

-- How many earlier runs of the agent sent as much as this: what it often does is no news.
flow_history as (
    select f.identity_id, f.weight, count(distinct f.trace_id) as runs
    from flows as f
    where not f.judged
    group by f.identity_id, f.weight
),

history as (
    select identity_id, count(*) as runs, count(distinct day) as days
    from traces
    where not judged
    group by identity_id
),

flow_weights as (
    select
        f.trace_id,
        f.call_no,
        f.destination,
        f.carries,
        f.after_outside,
        f.weight * coalesce(any_value(h.runs), 0) / (coalesce(any_value(h.runs), 0) + 10) * greatest(
            0,
            1 - coalesce(sum(p.runs) / (coalesce(any_value(h.runs), 0) + 5), 0) / $usual_flow_share
        ) as weight
    from flows as f
    left join flow_history as p on p.identity_id = f.identity_id and p.weight >= f.weight
    left join history as h on h.identity_id = f.identity_id
    where f.judged
    group by f.trace_id, f.call_no, f.destination, f.carries, f.after_outside, f.weight
),

flowed as (
    select
        trace_id,
        max(weight) as weight,
        arg_max(call_no, weight) as call_no,
        arg_max(destination, weight) as destination,
        arg_max(carries, weight) as carries,
        arg_max(after_outside, weight) as after_outside
    from flow_weights
    group by trace_id
),

shape as (
    select
        trace_id,
        count(*) as calls,
        count(result) as results,
        count(arguments) as argued,
        list(tool_name order by call_no) as tools,
        list(event_id order by call_no) as event_ids
    from calls
    where judged
    group by trace_id
)

select
    t.trace_id,
    t.identity_id,
    t.first_seen,
    t.last_seen,
    s.calls,
    s.results,
    s.argued,
    s.tools,
    s.event_ids,
    p.prompt,
    coalesce(h.runs, 0) as history_runs,
    coalesce(h.days, 0) as history_days,
    coalesce(e.weight, 0) as explained,
    e.call_no as explained_call,
    e.from_call,
    e.text as sentence,
    e.words,
    coalesce(f.weight, 0) as flow,
    f.call_no as flow_call,
    f.destination,
    f.carries,
    f.after_outside,
    coalesce(n.weight, 0) as novelty,
    n.call_no as novel_call,
    coalesce(l.ratio, 0) as loop_ratio,
    coalesce(l.times, 0) as repeats,
    coalesce(l.usual_times, 0) as usual_repeats,
    l.tool_name as repeated_tool,
    l.event_ids as repeated_events
from traces as t
join shape as s on s.trace_id = t.trace_id
left join prompts as p on p.trace_id = t.trace_id
left join history as h on h.identity_id = t.identity_id
left join explained as e on e.trace_id = t.trace_id
left join flowed as f on f.trace_id = t.trace_id
left join novelty as n on n.trace_id = t.trace_id
left join loops as l on l.trace_id = t.trace_id
where t.judged
