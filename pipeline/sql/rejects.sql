-- grain: reject
-- reads: rejects
-- why: the list of `nhiwatch rejects`, newest first, filters that may be null. `whole`: all of the
--      record's text is kept and is JSON, so it can be tried again without its file; $as is the
--      source to take it for, $sources are those this version knows.
with told as (
    select
        left(
            md5(concat_ws(chr(10), source_file, fingerprint, record_index::varchar, reason)), 12
        ) as reject_id,
        rejected_at,
        coalesce($as, source) as source,
        source_file,
        record_index,
        reason,
        text,
        text_bytes,
        fingerprint,
        coalesce(
            record_index >= 0
            and list_contains($sources, coalesce($as, source))
            and octet_length(encode(text)) = text_bytes
            and json_valid(text),
            false
        ) as whole
    from rejects
    where ($source is null or source = $source)
        and ($reason is null or contains(lower(reason), lower($reason)))
        and ($file is null or contains(source_file, $file))
        and ($since is null or rejected_at >= $since::date)
)

select
    reject_id, rejected_at, source, source_file, record_index, reason,
    case when $texts then text end as text,
    text_bytes, fingerprint, whole
from told
where $reject_id is null or starts_with(reject_id, $reject_id)
order by rejected_at desc, source_file, record_index
limit $limit
