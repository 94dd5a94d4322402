-- grain: tool, argument, whether the log has the prompt
-- reads: arguments, chains
-- why: how many words nobody used before an argument brings in in earlier runs; more where what the
--      user said is not known
select
    a.tool_name,
    a.argument,
    c.prompted,
    quantile_cont(a.novelty, 0.9) * count(*) / (count(*) + 2) as novelty
from arguments as a
join chains as c on c.trace_id = a.trace_id
where a.argument is not null
group by a.tool_name, a.argument, c.prompted
