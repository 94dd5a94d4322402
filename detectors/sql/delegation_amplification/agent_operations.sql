-- grain: action
-- reads:
-- why: what OpenTelemetry's GenAI conventions call a model asked and an agent called: what agents
--      are, and no act on anything
select action
from (
    values
        ('chat'),
        ('text_completion'),
        ('generate_content'),
        ('embeddings'),
        ('create_agent'),
        ('invoke_agent'),
        ('invoke_workflow')
) as t (action)
