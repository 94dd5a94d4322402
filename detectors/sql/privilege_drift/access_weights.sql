-- grain: access
-- reads:
-- why: how much a new action adds to what an identity can do: changing permissions most, listing
--      least. In (0, 1]; 0.5 is a write.
select access, weight
from (
    values
        ('permission', 1.0),
        ('delegate', 0.6),
        ('execute', 0.6),
        ('write', 0.5),
        ('read', 0.2),
        ('other', 0.2),
        ('list', 0.1),
        ('auth', 0.1)
) as t (access, weight)
