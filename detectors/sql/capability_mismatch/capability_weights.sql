-- grain: capability
-- reads: capability_classes
-- why: how much it weighs that somebody who only analyses does this; data access is no mismatch
select
    capability,
    class,
    rank,
    words,
    analysis,
    case capability
        when 'grant' then 0.95
        when 'move_laterally' then 0.9
        when 'spend' then 0.9
        when 'approve' then 0.85
        when 'send_out' then 0.8
        when 'execute' then 0.65
        when 'write' then 0.6
        else 0
    end as weight
from capability_classes
