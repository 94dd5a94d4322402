-- grain: identity, capability
-- reads: identities, capability_classes
-- why: what the inventory lets each identity do: `analyse` stands for data access, `act` for
--      everything, and single capabilities can stand beside or in place of them
create or replace view declared_capabilities as
with declared as (
    select identity_id, string_split(capability, ';') as parts
    from identities
    where capability is not null
)

select
    d.identity_id::varchar as identity_id,  -- the identity
    c.capability::varchar as capability  -- what it may do
from declared as d
join capability_classes as c
    on c.class = 'none'
    or list_contains(d.parts, 'act')
    or list_contains(d.parts, c.capability)
    or (c.analysis and list_contains(d.parts, 'analyse'))
