-- grain: source, event_date, identity_id, trace_id, session_id, place, tool_name, kind, fingerprint
-- reads: events, todo
-- why: secrets in what agents are asked, send and read, found once a day so that no detector has to
--      read texts again. The secret itself is not kept: a fingerprint, a short mask, and the names
--      under which a log would know it as a credential.
--
-- Texts are looked through twice: by a few short literals, and only those with one of them by the
-- whole patterns. What reads like an example, a template or a word is none. A value found in one
-- place of a run is then looked for in all arguments of that run, where nothing names it.
with day_texts as (
    select
        e.source,
        e.event_date,
        e.identity_id,
        e.identity_kind,
        e.trace_id,
        e.session_id,
        e.event_id,
        e.event_time,
        e.tool_name,
        e.access,
        unnest([
            {'place': 'prompt', 'text': e.prompt},
            {'place': 'argument', 'text': e.tool_arguments},
            {'place': 'result', 'text': e.tool_result}
        ], recursive := true)
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null
        and (e.prompt is not null or e.tool_arguments is not null or e.tool_result is not null)
),

-- Provider tokens, each by the form its provider gives it; then what a word in front calls secret.
matches as (
    select
        * exclude (text),
        unnest(list_distinct(regexp_extract_all(
            text,
            '-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=:,-]|\\+[nr]|\s)+'
            || '|\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9+]{1,12}'
            || '(?:[A-Za-z_]{1,30}[^A-Za-z0-9+]{1,12}){0,3}[A-Za-z0-9/+]{40}\b'
            || '|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b'
            || '|\bABSK[A-Za-z0-9+/=]{60,}'
            || '|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{40,}'
            || '|\bglpat-[A-Za-z0-9_-]{20,}'
            || '|\bxox[abeoprs]-[A-Za-z0-9-]{10,}'
            || '|hooks\.slack\.com/services/T\w+/B\w+/\w{20,}'
            || '|\b[rs]k_(?:live|test)_[0-9a-zA-Z]{16,}'
            || '|\bsk-[A-Za-z0-9_-]{20,}'
            || '|\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}'
            || '|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{36}|\bpypi-[A-Za-z0-9_-]{50,}'
            || '|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}'
            || '|\bdo[opr]_v1_[a-f0-9]{64}|\bhv[sbr]\.[A-Za-z0-9_-]{24,}|\bdapi[a-f0-9]{32}'
            || '|\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|\bSK[0-9a-f]{32}\b'
            || '|\bAGE-SECRET-KEY-1[0-9A-Z]{50,}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,}'
            || '|AccountKey=[A-Za-z0-9+/]{80,}=*'
            || '|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*'
            || '|\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@"''<>]{1,64}:[^\s:/@"''<>]{4,128}@[^\s/"''<>]{3,}'
            || '|(?i:[a-z0-9_. -]{0,30}(?:pass(?:word|wd|phrase|code)|\bpwd|secret|token|api[_ -]?key'
            || '|access[_ -]?key|auth[_ -]?key|account[_ -]?key|credential)s?[a-z0-9_ -]{0,16}'
            || '\\*["''`*]{0,3}\s*(?:=>|[:=]|\bis\b(?:\s+now)?\s*:?)\s*|\bbearer\s+)'
            || '\\*["''`*]{0,3}[^\s"''`\\,;<>(){}\[\]&]{6,400}'
        ))) as match
    from day_texts
    where regexp_matches(
        text,
        '(?i:passw|passph|passc|pwd|secret|token|api.?key|s.?key|h.?key|t.?key|credential|bearer)'
        || '|PRIVATE KEY|A[KSBC]IA|ACCA|ABSK|gh[pousr]_|github_pat|glpat|xox[abeoprs]-|slack\.com/s'
        || '|k_live|k_test|sk-|AIza|ya29|GOCSPX|hf_|npm_|pypi-|SG\.|o[opr]_v1_|hv[sbr]\.|dapi|:AA'
        || '|SK[0-9a-f]{8}|AGE-SEC|sq0|AccountKey|eyJ|://[^/\s]{1,200}@'
    )
),

-- A keyword's match has the value behind it, or in it one of the forms above.
split as (
    select
        *,
        coalesce(
            nullif(regexp_extract(
                match,
                '(?:\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9+]{1,12}'
                || '(?:[A-Za-z_]{1,30}[^A-Za-z0-9+]{1,12}){0,3}([A-Za-z0-9/+]{40})\b)',
                1
            ), ''),
            nullif(regexp_extract(
                match,
                '\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|\bABSK[A-Za-z0-9+/=]{60,}'
                || '|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{40,}|\bglpat-[\w-]{20,}'
                || '|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\S+'
                || '|\b[rs]k_(?:live|test)_[0-9a-zA-Z]{16,}|\bsk-[\w-]{20,}|\bAIza[\w-]{35}'
                || '|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_\w{36}'
                || '|\bpypi-[\w-]{50,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bdo[opr]_v1_[a-f0-9]{64}'
                || '|\bhv[sbr]\.[\w-]{24,}|\bdapi[a-f0-9]{32}|\b[0-9]{8,10}:AA[\w-]{33}'
                || '|\bSK[0-9a-f]{32}\b|\bAGE-SECRET-KEY-1[0-9A-Z]{50,}|\bsq0[a-z]{3}-[\w-]{22,}'
                || '|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*'
            ), ''),
            case when starts_with(match, '-----BEGIN') then regexp_replace(
                regexp_replace(match, '-----[^-]*-----', '', 'g'), '\\+[nr]|\s|-', '', 'g'
            ) end,
            nullif(regexp_extract(match, '://[^\s:/@]*:([^\s:/@]+)@', 1), ''),
            rtrim(regexp_extract(
                match, '(?i)(?:=>|[:=]|\sis(?:\s+now)?\s*:?|bearer)\s*\\*["''`*]{0,3}([^\s"''`]+)$', 1
            ), '.,;:!?*')
        ) as value
    from matches
),

typed as (
    select
        *,
        case
            when starts_with(match, '-----BEGIN') then 'private key'
            when regexp_matches(value, '^(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}$') then 'AWS access key id'
            when regexp_matches(match, '\b(AKIA|ASIA)[A-Z0-9]{16}\b') then 'AWS secret access key'
            when starts_with(value, 'ABSK') then 'AWS Bedrock API key'
            when regexp_matches(value, '^(gh[pousr]_|github_pat_)') then 'GitHub token'
            when starts_with(value, 'glpat-') then 'GitLab token'
            when regexp_matches(value, '^(xox|hooks\.slack)') then 'Slack token'
            when regexp_matches(value, '^[rs]k_live_') then 'Stripe key'
            when regexp_matches(value, '^[rs]k_test_') then 'Stripe test key'
            when starts_with(value, 'sk-ant-') then 'Anthropic API key'
            when regexp_matches(value, '^sk-(proj-|svcacct-|admin-|[A-Za-z0-9]{32})')
                then 'OpenAI API key'
            when regexp_matches(value, '^(AIza|ya29\.|GOCSPX-)') then 'Google credential'
            when regexp_matches(value, '^(hf_|npm_|pypi-|SG\.|do[opr]_v1_|hv[sbr]\.|dapi[a-f0-9]{32}'
                || '|[0-9]{8,10}:AA|SK[0-9a-f]{32}|AGE-SECRET|sq0[a-z]{3}-|sk-)') then 'API token'
            when regexp_matches(value, '^eyJ[\w-]+\.eyJ') then 'JWT'
            when regexp_matches(match, '^[a-z][a-z0-9+.-]*://') then 'password in a URL'
            when regexp_matches(match, '(?i)pass(word|wd|phrase|code)|\bpwd') then 'password'
            else 'named secret'
        end as kind
    from split
    where length(value) >= 6
),

described as (
    select
        *,
        kind in ('password', 'password in a URL', 'named secret') as is_named,
        list_aggregate(string_split(value, ''), 'entropy') as bits,
        case when kind = 'JWT' then try(decode(from_base64(
            rpad(
                translate(split_part(value, '.', 2), '-_', '+/'),
                (4 * ceil(length(split_part(value, '.', 2)) / 4.0))::integer,
                '='
            )
        ))) end as claims
    from typed
),

-- By general rules: neither an example nor a template, nor a word, nor the name of a thing, nor what
-- stands for a word in a text that is kept as a fingerprint (pipeline.schemas.FINGERPRINT).
genuine as (
    select *
    from described
    where not regexp_matches(value, '[zZ]q[0-9a-f]{12}')
        and not regexp_matches(
            value,
            '(?i)example|sample|placeholder|dummy|redact|hidden|change.?me|your|insert|x{4}|\*{3}'
            || '|\.{3}|…|<|>|\$\{|\{\{|%\(|process\.env|environ|getenv|0{8}|1{6}|a{6}|12345678'
            || '|abcdefg|deadbeef|^(?:null|none|true|false|undefined)$'
        )
        and not coalesce(contains(claims, '1234567890'), false)
        and case
            when kind = 'private key' then length(value) >= 60 and bits >= 4
            when kind = 'password' then
                regexp_matches(value, '[A-Za-z]')
                and regexp_matches(value, '[^A-Za-z_ -]')
                and bits >= 2.2
                and not regexp_matches(value, '(?i)^(https?:|/|\d+(\.\d+)?[a-z]{0,2}$)|\(|@\w+\.\w')
            when kind = 'password in a URL' then bits >= 2.2
            when kind = 'named secret' then
                length(value) >= 16
                and bits >= 3.2
                and regexp_matches(value, '[A-Za-z]')
                and regexp_matches(value, '[0-9]')
                and not regexp_matches(
                    match,
                    '(?i)(next|page|paging|continuation|cursor|sync|resume|csrf|xsrf|max|request'
                    || '|client[_ -]?request)[_ -]?(page)?[_ -]?token'
                    || '|(id|ids|name|arn|type|path|url|uri|file|field|version|hash|digest'
                    || '|fingerprint|limit|count)\\*["''`*]{0,3}\s*[:=]'
                )
                and not regexp_matches(
                    value,
                    '(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$|^(arn:|https?:|/|\.)|/.*/'
                    || '|^(sha(1|256|512)|md5|blake\w*|hmac\w*|fp|hash|fingerprint)[:=_-]'
                    || '|^[0-9-]{8,10}[T_]|^[a-z]+([_.-][a-z0-9]{1,12})+$'
                )
            when kind = 'AWS access key id' then bits >= 2.5
            else bits >= 2.8
        end
),

-- What was found in a run, unnamed in the arguments of the same run.
carried as (
    select t.* exclude (text), g.kind, g.value, g.is_named, g.claims, g.match
    from (
        select distinct source, event_date, trace_id, kind, value, is_named, claims, match
        from genuine
        where trace_id is not null and length(value) >= 8 and place <> 'argument'
    ) as g
    join day_texts as t
        on t.source = g.source
        and t.event_date = g.event_date
        and t.trace_id = g.trace_id
        and t.place = 'argument'
    where contains(t.text, g.value)
),

found as (
    from genuine
    union by name
    from carried
),

final as (
    select
        *,
        sha256(value) as digest,
        list_distinct(list_filter(
            [
                nullif(regexp_extract(match, '\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b'), ''),
                try(claims ->> '$.jti'),
                try(claims ->> '$.sub'),
                case when not is_named then sha256(value) end,
                case when not is_named then base64(unhex(sha256(value))) end
            ],
            lambda id: length(id) > 0
        )) as known_as
    from found
)

select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    trace_id,
    session_id,
    place,
    tool_name,
    mode(access order by access) as access,
    kind,
    left(digest, 16) as fingerprint,
    any_value(left(value, least(4, length(value) // 4)) || '… (' || length(value) || ' characters)')
        as masked,
    max(known_as) as credential_ids,
    count(distinct event_id) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    arg_min(event_id, (event_time, event_id)) as event_id
from final
group by source, event_date, identity_id, trace_id, session_id, place, tool_name, kind, digest
