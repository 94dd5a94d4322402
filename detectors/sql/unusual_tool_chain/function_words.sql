-- grain: word
-- reads: nothing
-- why: English words that say nothing of what a sentence is about; they explain no call
select unnest(string_split(
    'about above after again against all also and any are because been before being below between '
    || 'both but can could did does doing down during each else ever few for from further had has '
    || 'have having her here hers him his how into its itself just let may might more most must my '
    || 'myself nor not now off once one only other our out over own per please same shall she should '
    || 'some such than that the their them then there these they this those through too under until '
    || 'upon via was were what when where which while who whom why will with would yet you your yours '
    || 'true false null none',
    ' '
)) as word
