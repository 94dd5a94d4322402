-- grain: tool call, destination in its arguments
-- reads: calls
-- why: where a call may send something: mail addresses, hosts of URLs, account numbers
select distinct
    trace_id,
    judged,
    identity_id,
    call_no,
    event_id,
    tool_name,
    access,
    lower(unnest(regexp_extract_all(
        arguments,
        '[\w.+-]+@[\w-]+\.[\w.-]+|(?:https?://)(?:[\w-]+\.)+[\w-]+|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b'
    ))) as destination
from calls
where coalesce(access, 'other') not in ('read', 'list', 'auth') and arguments is not null
