-- grain: detector, subject, window
-- reads: scores
-- why: the list of `nhiwatch scores`, worst first
select detector, subject_kind, subject_id, identity_id, window_start, window_end, score, features
from scores
where ($detector is null or detector = $detector)
    and ($identity is null or contains(lower(identity_id), lower($identity)))
    and ($since is null or window_start >= $since::date)
order by score desc, window_start desc, subject_id
limit $limit
