-- grain: capability
-- reads: nothing
-- why: what each capability is, so that data access counts for analysts and authority for actors
create or replace view capability_classes as
with classes (capability, class, rank, analysis, words) as (
    values
        ('other', 'none', 0, true, 'signs in, or what no word tells'),
        ('infer', 'none', 0, true, 'asks a model'),
        ('read', 'data access', 1, true, 'reads'),
        ('retrieve', 'data access', 1, true, 'retrieves'),
        ('write', 'action', 2, false, 'writes'),
        ('execute', 'action', 2, false, 'executes'),
        ('send_out', 'action', 3, false, 'sends out'),
        ('approve', 'authority', 4, false, 'approves'),
        ('spend', 'authority', 4, false, 'spends'),
        ('move_laterally', 'authority', 4, false, 'becomes others'),
        ('grant', 'authority', 4, false, 'grants')
)

select
    capability::varchar as capability,  -- as in daily_action
    class::varchar as class,  -- none | data access | action | authority
    rank::integer as rank,  -- how much comes of it, 0 to 4
    analysis::boolean as analysis,  -- whether who is declared to analyse may do it
    words::varchar as words  -- what it is, for people
from classes
