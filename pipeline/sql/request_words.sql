-- grain: word
-- reads: nothing
-- why: words with which a text addresses or obliges its reader, in the languages most logs have;
--      other languages are told by prose alone
select unnest(string_split(
    'please you your must should need have ensure sure todo first then always never important '
    || 'required require bitte sie ihr müssen sollten zuerst wichtig veuillez vous votre devez doit '
    || 'devrait abord important favor usted debe debes deberá primero importante você deve precisa '
    || 'primeiro prego devi deve dovete prima gelieve moet eerst 请 您 你 须 必 下 さい',
    ' '
)) as word
