-- grain: account_id
-- reads: daily_credential, drift_units, drift_known
-- why: an account that a record names and that is none of these is an outsider's
with named as (
    select account_id
    from daily_credential
    where event_date between $history_start and $day
    union
    select regexp_extract(identity_id, '(^|:)([0-9]{12}):', 2) as account_id
    from drift_units
    union
    select regexp_extract(identity_id, '(^|:)([0-9]{12}):', 2) as account_id
    from drift_known
)

select account_id
from named
where account_id <> ''
