-- grain: tool, argument (null: the tool's name)
-- reads: arguments
-- why: how many words nobody used before an argument brings in in earlier runs
select
    tool_name,
    argument,
    quantile_cont(novelty, 0.9) * count(*) / (count(*) + 2) as novelty
from arguments
group by tool_name, argument
