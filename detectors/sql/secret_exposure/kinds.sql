-- grain: kind
-- reads:
-- why: how bad a secret of each kind is in the open, in (0, 1): a key that opens an account most,
--      a password of some page less, the name of a key least. `is_name_only`: it opens nothing
--      without the secret that belongs to it.
select kind, strength, is_name_only
from (
    values
        ('AWS secret access key', 0.9, false),
        ('private key', 0.85, false),
        ('AWS Bedrock API key', 0.85, false),
        ('GitHub token', 0.8, false),
        ('GitLab token', 0.8, false),
        ('Slack token', 0.8, false),
        ('Stripe key', 0.8, false),
        ('Anthropic API key', 0.8, false),
        ('OpenAI API key', 0.8, false),
        ('Google credential', 0.8, false),
        ('API token', 0.8, false),
        ('password in a URL', 0.65, false),
        ('named secret', 0.65, false),
        ('JWT', 0.6, false),
        ('AWS access key id', 0.4, true),
        ('password', 0.35, false),
        ('Stripe test key', 0.25, false)
) as t (kind, strength, is_name_only)
