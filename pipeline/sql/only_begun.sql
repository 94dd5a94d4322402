-- grain: file that is only begun
-- reads: begun, ingests
-- why: of each that is not booked, what is told of it; of one that was begun more than once, what
--      was told last
with booked as (
    -- Of `ingests`, which may be long, what was begun alone.
    select ingests.source_file, ingests.fingerprint
    from ingests
    semi join begun
        on begun.source_file = ingests.source_file and begun.fingerprint = ingests.fingerprint
)

select b.source_file, b.fingerprint, b.bytes, b.source, b.read_to, b.edges, b.begun_at
from begun as b
anti join booked on booked.source_file = b.source_file and booked.fingerprint = b.fingerprint
qualify row_number() over (partition by b.source_file, b.fingerprint order by b.begun_at desc) = 1
