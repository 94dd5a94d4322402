-- grain: one row
-- reads: runs, rejects, findings_current, ingests
-- why: what `nhiwatch status` says to do next
select
    (select count(*) from ingests) as files,
    (
        select count(*)
        from ingests as i
        -- Nothing more will come of what was replaced by something else.
        anti join ingests as later
            on later.source_file = i.source_file and later.ingested_at > i.ingested_at
        where i.content = ''
    ) as in_part,
    (select count(*) from rejects) as rejects,
    (select count(*) from findings_current where state = 'new') as new_findings,
    (select arg_max(status, started_at) from runs) as last_status,
    (select arg_max(command, started_at) from runs) as last_command
