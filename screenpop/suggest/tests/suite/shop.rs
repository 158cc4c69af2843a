//! A shop whose books a test writes.

use suggest::{Day, Kind, Model, Purchase, Reason, Rules, Settings, Suggestion};

pub fn day(text: &str) -> Day {
    Day::of(text.parse().unwrap())
}

/// One piece for 10.00, in an order of its own.
pub fn line(customer: &str, product: &str, on: &str) -> Purchase {
    Purchase {
        customer: customer.to_owned(),
        order: format!("{customer}-{on}"),
        product: product.to_owned(),
        name: format!("the {product}"),
        quantity: 1.0,
        amount: 1_000,
        day: day(on),
        minute: 0,
    }
}

pub fn back(customer: &str, product: &str, on: &str) -> Purchase {
    Purchase { quantity: -1.0, amount: -1_000, ..line(customer, product, on) }
}

pub fn train(lines: Vec<Purchase>) -> Model {
    Model::train(Settings::default(), Rules::default(), lines)
}

/// Fifty people have printers and toner, fifty have coffee and cups; some of either have the other's, by accident.
pub fn town() -> Vec<Purchase> {
    let mut lines = Vec::new();
    for at in 0..50 {
        let on = format!("2026-01-{:02}", at % 28 + 1);
        let (office, kitchen) = (format!("office-{at}"), format!("kitchen-{at}"));
        lines.extend(["printer", "toner"].map(|product| line(&office, product, &on)));
        lines.extend(["coffee", "cups"].map(|product| line(&kitchen, product, &on)));
        if at % 5 == 0 {
            lines.push(line(&office, "coffee", &on));
            lines.push(line(&kitchen, "printer", &on));
        }
    }
    lines
}

pub fn ids(list: &[Suggestion]) -> Vec<&str> {
    list.iter().map(|one| one.item_id.as_str()).collect()
}

pub fn first_reason(list: &[Suggestion], item: &str) -> Reason {
    list.iter().find(|one| one.item_id == item).unwrap().reasons[0].clone()
}

pub fn kind(line: &Purchase) -> Kind {
    Rules::default().kind(line)
}
