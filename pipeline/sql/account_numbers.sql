-- grain: file
-- reads: ingests
-- why: by these `accounts.py` sees of which contents and logs there is an account: numbers of the
--      hex digits that they are known by. Another may have the same number; it is looked up in vain.
--      What an ingest broke off in has no content.
select
    try_cast('0x' || left(coalesce(content, fingerprint), 15) as bigint) as of_content,
    case
        when edges is not null then try_cast('0x' || left(fingerprint, 15) as bigint)
    end as of_log
from ingests
