-- grain: reject
-- reads: rejects, ingests, asked
-- why: what is listed still and is none any more: the replay that wrote so into the file's account
--      was killed before it took them away, or is about to
select r.source_file, r.fingerprint, r.record_index, r.reason
from rejects as r
semi join asked as a on a.source_file = r.source_file and a.fingerprint = r.fingerprint
join ingests as i on i.source_file = r.source_file and i.fingerprint = r.fingerprint
where list_contains(i.resolved, r.record_index)
    -- A log's last record may be rejected anew, when it has grown.
    and r.rejected_at <= i.replayed_at
