-- grain: tool
-- reads: chains
-- why: how often earlier runs call a tool where the log does not say with what: some tools are
--      called once for each thing there is
select recurring_tool as tool_name, quantile_cont(recurrences, 0.99) as recurrences
from chains
where recurring_tool is not null
group by recurring_tool
