-- grain: identity_id
-- reads: profile_peer
-- why: the peer group of every identity with a history, computed once per judged day
select
    identity_id,
    peer_group,
    peers,
    count(*) over () - 1 as others
from profile_peer($day, $history_start)
