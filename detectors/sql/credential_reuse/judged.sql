-- grain: subject
-- reads: uses, usual_places, company_networks, shared_credentials, profile_client, profile_credential
-- why: how badly today's uses of one credential go together with each other and with its history
with known_clients as (
    select identity_id, list(client) as clients
    from profile_client($day::date, $history_start::date)
    where days >= $known_days
    group by identity_id
),

placed as (
    select
        u.subject_kind,
        u.subject_id,
        u.identity_id,
        u.identity_kind,
        u.network,
        u.country,
        u.cloud,
        u.client,
        u.addresses,
        u.events,
        u.first_seen,
        u.last_seen,
        coalesce(i.days, 0) as history_days,
        coalesce(i.events, 0) as history_events,
        i.networks as usual_networks,
        i.countries as usual_countries,
        k.clients as usual_clients,
        coalesce(i.days, 0) >= $enough_days as enough,
        u.network <> 'private' as public,
        coalesce(c.identities, 0) >= $company_identities as companys,
        coalesce(not list_contains(i.networks, u.network), false) as network_is_new,
        coalesce(not list_contains(i.countries, u.country), false)
            and u.country is not null as country_is_new,
        coalesce(not list_contains(k.clients, u.client), false)
            and u.client is not null as client_is_new,
        coalesce(i.inside_share >= 0.95, false) as lives_inside,
        coalesce(list_contains(i.clouds, u.cloud), false) as cloud_is_usual,
        coalesce(not list_has_any(i.addresses, u.addresses), false) as address_is_new
    from uses as u
    left join usual_places as i on i.identity_id = u.identity_id
    left join known_clients as k on k.identity_id = u.identity_id
    left join company_networks as c on c.network = u.network
),

-- With which the places of a subject are compared: all with all would take the square of them.
most_used as (
    select *
    from placed
    where public
    qualify row_number() over (
        partition by subject_kind, subject_id
        order by events desc, network, client
    ) <= $most_places
),

-- Two uses of one subject overlap if the later begins before the earlier ends, or soon after.
together as (
    select
        a.subject_kind,
        a.subject_id,
        a.network,
        a.client,
        max(
            (a.country is distinct from b.country and a.country is not null
                and b.country is not null)
            or (a.cloud is distinct from b.cloud)
        ) as elsewhere,
        max(a.client is distinct from b.client and a.client_is_new and not b.client_is_new)
            as with_other_client,
        arg_max(b.network, (b.events, b.network)) as other_network,
        arg_max(b.country, (b.events, b.network)) as other_country,
        arg_max(b.client, (b.events, b.network)) as other_client
    from placed as a
    join most_used as b
        on b.subject_kind = a.subject_kind
        and b.subject_id = a.subject_id
        and (b.network <> a.network or b.client is distinct from a.client)
        and b.first_seen <= a.last_seen + to_minutes($together_minutes::integer)
        and a.first_seen <= b.last_seen + to_minutes($together_minutes::integer)
    where a.public
    group by a.subject_kind, a.subject_id, a.network, a.client
),

weighed as (
    select
        p.*,
        t.other_network,
        t.other_country,
        t.other_client,
        case when p.identity_kind = 'human' then 0.6 else 1 end
            * case when p.companys then 0.2 else 1 end as trust,
        p.enough and p.public and p.network_is_new as new_network,
        p.enough and p.public and p.country_is_new as new_country,
        p.enough and p.public and p.lives_inside and p.cloud is null as outside_cloud,
        p.enough and p.public and p.cloud is not null and not p.cloud_is_usual as foreign_cloud,
        p.enough and p.client_is_new as new_client,
        coalesce(t.elsewhere, false) and (not p.enough or p.network_is_new)
            and (p.identity_kind <> 'human' or p.country is distinct from t.other_country)
            as at_once,
        p.enough and coalesce(t.with_other_client, false) and p.address_is_new
            and p.identity_kind <> 'human' as other_client_at_once
    from placed as p
    left join together as t
        on t.subject_kind = p.subject_kind
        and t.subject_id = p.subject_id
        and t.network = p.network
        and t.client is not distinct from p.client
),

scored as (
    select
        *,
        1::double
        - (1 - 0.30 * new_network::integer * trust)
        * (1 - 0.30 * new_country::integer * trust)
        * (1 - 0.50 * outside_cloud::integer * trust)
        * (1 - 0.30 * foreign_cloud::integer * trust)
        * (1 - 0.20 * new_client::integer * trust)
        * (1 - 0.45 * at_once::integer * trust) as place_score
    from weighed
),

subjects as (
    select
        subject_kind,
        subject_id,
        arg_max(identity_id, (events, identity_id)) as identity_id,
        arg_max(identity_kind, (events, identity_id)) as identity_kind,
        max(place_score) as place_score,
        arg_max({
            'network': network,
            'country': country,
            'cloud': cloud,
            'client': client,
            'addresses': addresses,
            'events': events,
            'first_seen': first_seen,
            'last_seen': last_seen,
            'other_network': other_network,
            'other_country': other_country,
            'new_network': new_network,
            'new_country': new_country,
            'outside_cloud': outside_cloud,
            'foreign_cloud': foreign_cloud,
            'new_client': new_client,
            'at_once': at_once,
            'companys': companys
        }, (place_score, events, network)) as place,
        arg_max(usual_networks, (events, identity_id)) as usual_networks,
        arg_max(usual_countries, (events, identity_id)) as usual_countries,
        arg_max(usual_clients, (events, identity_id)) as usual_clients,
        max(history_days) as history_days,
        max(history_events) as history_events,
        count(distinct client) filter (where other_client_at_once) as other_clients,
        list_sort(list(distinct client) filter (where other_client_at_once)) as clients_at_once,
        list_sort(list_distinct(flatten(list(addresses) filter (where other_client_at_once))))
            as client_addresses,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from scored
    group by subject_kind, subject_id
)

select
    s.subject_kind,
    s.subject_id,
    s.identity_id,
    s.identity_kind,
    s.place,
    s.place_score,
    s.usual_networks,
    s.usual_countries,
    s.usual_clients,
    s.history_days,
    s.history_events,
    s.other_clients,
    s.clients_at_once,
    s.client_addresses,
    coalesce(h.identities, 0) as identities,
    h.who,
    h.newcomers,
    coalesce(k.days, 0) as credential_days,
    s.first_seen,
    s.last_seen,
    1::double
    - (1 - s.place_score)
    * (1 - least(0.7, 0.25 * s.other_clients + 0.2 * (s.other_clients > 0)::integer))
    * (1 - 0.7 * (h.identities is not null)::integer) as score
from subjects as s
left join shared_credentials as h on s.subject_kind = 'credential' and h.credential_id = s.subject_id
left join profile_credential($day::date, $history_start::date) as k
    on s.subject_kind = 'credential' and k.credential_id = s.subject_id
order by score desc, s.subject_id
