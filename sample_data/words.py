"""The words of the agents' world: whom they talk about, and how people write to them.

Each pool fills the slot of its name. Values may hold slots of their own.
"""

from __future__ import annotations

CUSTOMERS = {
    "Tarn & Volk Lighting": "tarnvolk.example", "Pellworm Tiles": "pellworm-tiles.example",
    "Osei Garden Tools": "oseigarden.example", "Mirelle Cosmetics": "mirelle-care.example",
    "Hallund Bicycles": "hallundbikes.example", "Quarryfield Stone": "quarryfield.example",
    "Anstey Paper": "ansteypaper.example", "Corvane Optics": "corvane.example",
    "Bellweather Toys": "bellweathertoys.example", "Sundqvist Marine": "sundqvist-marine.example",
    "Redfern Coffee": "redferncoffee.example", "Ilves Outdoor": "ilvesoutdoor.example",
    "Dacre Ceramics": "dacreceramics.example", "Fontaine Textiles": "fontainetextiles.example",
    "Kestrel Audio": "kestrelaudio.example", "Vantor Pumps": "vantorpumps.example",
}
VENDORS = {
    "Nordkai Lines": "nordkai.example", "Harlow Drayage": "harlowdrayage.example",
    "Meridian Cold Store": "meridiancold.example", "Pinefleet Trucking": "pinefleet.example",
    "Castor Customs Brokers": "castorcustoms.example", "Elbrun Pallets": "elbrunpallets.example",
    "Straitside Terminals": "straitside.example", "Lowmark Insurance": "lowmark.example",
}
STAFF = ("priya.nandal", "joel.abara", "sofie.brandt", "graham.tull", "nadia.wrenn",
         "ines.caldeira", "maren.ostby", "tobias.renn", "kofi.asante", "elena.marsh",
         "oscar.lindqvist", "yusuf.darwish")

WORDS: dict[str, tuple[str, ...]] = {
    "customer": tuple(CUSTOMERS),
    "vendor": tuple(VENDORS),
    "staff": STAFF,
    "person": ("Carla", "Henrik", "Moira", "Anil", "Yvette", "Stefan", "Rosa", "Tomasz", "Beth",
               "Kwame", "Liv", "Pascal", "Dagny", "Owen", "Marisol", "Ruth", "Emeka", "Jutta"),
    "surname": ("Halloran", "Okafor", "Lindgren", "Petrov", "Marchetti", "Dunne", "Sato", "Vogel",
                "Abbott", "Ferreira", "Nyman", "Castell", "Oduya", "Brandvold", "Keane", "Rossi"),
    "city": ("Rotterdam", "Savannah", "Gothenburg", "Valencia", "Oakland", "Halifax", "Genoa",
             "Santos", "Felixstowe", "Houston", "Antwerp", "Busan", "Tacoma", "Gdansk"),
    "city2": ("Boston", "Hamburg", "Lisbon", "Chicago", "Newark", "Dublin", "Montreal", "Memphis",
              "Charleston", "Leipzig", "Marseille", "Oslo"),
    "goods": ("floor lamps", "ceramic tiles", "pruning shears", "face cream", "gravel bikes",
              "slate slabs", "copy paper", "lens blanks", "wooden trains", "outboard motors",
              "green coffee", "rain jackets", "stoneware", "linen bolts", "amplifiers", "pumps"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "vessel": ("MV Hedda Strand", "MV Alcor", "MV Port Sorrel", "MV Lindisfarne Bay",
               "MV Orinda", "MV Cape Tarrant", "MV Sigrun"),
    "status": ("at sea", "waiting for customs", "on the quay", "out for delivery", "delivered",
               "held for inspection", "loaded", "at the depot"),
    "shipment": ("BWF{n6}",),
    "ticket": ("T-{n5}",),
    "invoice": ("INV-{n5}", "FA{n6}", "{n4}/26"),
    "po": ("PO-{n5}",),
    "amount": ("{n3}.{n2}", "1,{n3}.{n2}", "4,{n3}.00", "12,{n3}.50", "2,{n3}.75", "7,{n3}.10"),
    "currency": ("USD", "USD", "USD", "EUR", "GBP"),
    "foreign": ("EUR", "GBP", "SEK", "NOK", "CAD", "JPY"),
    "hello": ("Hi team", "Hello", "Good morning", "Dear support", "Hi there", "To whom it concerns",
              "Hey", "Good afternoon"),
    "thanks": ("Thanks", "Kind regards", "Best", "Many thanks", "Cheers", "With thanks",
               "Appreciate the help"),
    "mood": ("This is the second time I ask.", "No rush on our side.", "Our buyer is getting nervous.",
             "We have a truck booked for {weekday}.", "It is holding up our production.",
             "Just want to be sure before the weekend.", "Our own system shows nothing at all."),
    "complaint": (
        "the tracking page for {shipment} has not moved since {weekday}",
        "{n2} cartons of {goods} under {shipment} arrived wet",
        "we were charged demurrage on {shipment} although the box was out in time",
        "the delivery note for {shipment} shows the wrong consignee",
        "nobody can tell us when {shipment} with the {goods} will leave {city}",
        "customs in {city} wants a corrected packing list for {shipment}",
        "the pallets of {goods} on {shipment} were short by {n1}",
        "the driver came to the wrong gate with {shipment}",
    ),
    "advice": (
        "Ask the customer for photos of the damage before you open a claim, then send the filled "
        "form to claims@brackwater.example.",
        "Check the free days in the contract first. Waive the charge only if the gate-out stamp is "
        "earlier than the last free day.",
        "Tell the shipper to upload the corrected list in the portal. Do not accept it by phone.",
        "Look up the latest scan. If it is older than three days, call the terminal and write down "
        "the name of the clerk.",
        "Forward the complaint to the depot lead within the hour and copy the account owner.",
        "Restart the sync from the admin page, wait ten minutes, and compare the two totals.",
    ),
    "article": ("Demurrage and detention", "Damaged goods: first steps", "Reading a gate pass",
                "Corrected packing lists", "When tracking stands still", "Short deliveries",
                "Changing the consignee", "Delivery windows"),
    "reply": (
        "Your shipment {shipment} is {status} in {city}; the next scan is due on {weekday}.",
        "We have opened a claim for {shipment} and will need photos of the cartons.",
        "The charge on {shipment} was checked and a credit note is on its way.",
        "The corrected papers for {shipment} are with the broker in {city}.",
        "The driver now has the right gate for {shipment} and comes back on {weekday}.",
    ),
    "service": ("quote-api", "tracking-ingest", "rate-sync", "label-render", "carrier-webhooks",
                "dispatch-worker", "customs-forms"),
    "symptom": ("p95 latency has doubled", "5xx answers went up", "the queue is not draining",
                "memory keeps climbing", "a deploy seems stuck", "timeouts to the carrier feed"),
    "logline": (
        "WARN upstream {vendor} answered after {n4} ms", "ERROR timeout reading feed for {city}",
        "INFO shipment {shipment} stored", "INFO batch of {n3} updates written",
        "WARN retry 2 of 5 for {shipment}", "ERROR connection reset by peer (10.20.3.{n2})",
        "INFO health check ok", "WARN heap at {n2} percent", "INFO label {n8} rendered in {n3} ms",
    ),
    "runbook": (
        "If the queue grows for more than 15 minutes, scale the consumers to four. Restart only "
        "after two failed health checks. Page the lead if the age passes one hour.",
        "Roll back the last release when errors stay above two percent. Write an update every "
        "30 minutes until it is quiet.",
        "Clear the feed cache, then trigger a full sync. Never run it during the {city} cut-off.",
    ),
    "lane": ("{city} to {city2}", "{city2} to {city}", "Asia to {city2}", "{city} inland"),
    "measure": ("margin", "transit days", "container count", "late deliveries", "cost per kilo",
                "claims", "dwell time"),
    "period": ("last week", "August", "the last 14 days", "this quarter", "week {n2}", "July",
               "the second half of August"),
    "page": ("https://lanepulse.example/index/{h6}", "https://portwatch.example/news/{h6}",
             "https://freightdesk.example/rates/{n4}", "https://customsdaily.example/a/{n5}"),
    "news": (
        "Spot rates on the {lane} trade slipped {n1} percent this week as capacity returned.",
        "Terminal operators in {city} expect two quiet weeks after the strike was called off.",
        "Fuel surcharges will rise by {n1}.{n1} percent from the first of the month.",
        "Carriers announced three blank sailings out of {city} for the coming month.",
        "Subscribe to the weekly letter and send us your own rates to see how you compare.",
        "Readers should download the tariff table and check each line against their contract.",
    ),
    "hotel": ("Hotel Kranenhof", "The Saltmarsh Inn", "Pension Alder", "Quayside House",
              "Hotel Miramonte", "The Tolbooth", "Gasthaus Linde", "Harbour Lofts"),
    "airline": ("Northway", "Atlantis Air", "Corvid Airlines", "Baltica", "Sunmark"),
    "flight": ("NW{n3}", "AT{n4}", "CV{n3}", "BT{n3}", "SK{n4}"),
    "occasion": ("the {city} terminal audit", "a visit to {vendor}", "the {customer} review",
                 "the forwarders' fair", "training at the {city} depot", "a claims hearing"),
    "guest_note": (
        "Breakfast is served from 6.30. Leave your key at the desk when you go out.",
        "Call us a day ahead if you arrive after ten at night. Bring a photo document.",
        "Cancel free of charge until 48 hours before arrival. Write to us for a late check-out.",
        "Take tram {n1} from the station and get off at the fish market.",
    ),
    "please": ("Please", "Could you", "Can you", "I need you to", "Kindly", "When you have a moment,"),
}
