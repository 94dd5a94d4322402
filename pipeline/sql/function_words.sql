-- grain: word
-- reads: nothing
-- why: words that say nothing of what a sentence is about; they explain no call. Of the languages
--      most logs have; elsewhere the history tells, by how often a word is used
select unnest(string_split(
    -- English
    'about above after again against all also and any are because been before being below between '
    || 'both but can could did does doing down during each else ever few for from further had has '
    || 'have having her here hers him his how into its itself just let may might more most must my '
    || 'myself nor not now off once one only other our out over own per please same shall she should '
    || 'some such than that the their them then there these they this those through too under until '
    || 'upon via was were what when where which while who whom why will with would yet you your yours '
    || 'true false null none http https www com '
    -- German, French, Spanish, Portuguese, Italian, Dutch
    || 'aber auch auf aus bei bis das dass dem den der des die durch ein eine einem einen einer eines '
    || 'für hat ich ihr ihre ist kann mit nach nicht noch nur oder sein sich sie sind über und uns von '
    || 'vor war was wenn wer wie wir wird zum zur aux avec ces cette dans des elle est été être les '
    || 'leur mais nous par pas pour que qui sans ses son sont sur une vous votre como con del desde '
    || 'donde ella ellos entre era esta este esto hay las los más muy para pero por porque que ser sin '
    || 'sobre son sus una usted com das dos ela ele mais mas não nas nos pela pelo seu sua suas uma '
    || 'você alla che con dalla degli del della delle gli nel nella non per più quando questo sono sul '
    || 'tra una aan bij dat deze dit een het hun maar met niet ons ook van voor wat wij zijn zich '
    -- Chinese, Japanese: signs
    || '的 了 在 是 和 我 有 这 那 不 の は を に が と で も し た て',
    ' '
)) as word
