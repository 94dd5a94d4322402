-- grain: one row
-- reads: runs, rejects, feeds, findings_current, ingests, begun
-- why: what `nhiwatch status` says to do next
select
    (select count(*) from ingests) as files,
    (
        select count(distinct (source_file, fingerprint))
        from begun
        anti join ingests using (source_file, fingerprint)
    ) as begun,
    (select count(*) from rejects) as rejects,
    (select count(*) from findings_current where state = 'new') as new_findings,
    (select list(source order by source) from feeds where state = 'quiet') as quiet_feeds,
    (select arg_max(status, started_at) from runs) as last_status,
    (select arg_max(command, started_at) from runs) as last_command
