//! Twenty functions such as people write: each compiles with `#[instrument]`, with `#[background]`,
//! and with neither. None is generic or `async`, for of those the compiler makes nothing until they
//! are used.

use super::{Failure, Kind, Page};

#[derive(Clone, Debug)]
pub struct Account {
    owner: String,
    kind: Kind,
    amounts: Vec<i64>,
}

#[attribute]
pub fn nothing() {
    println!("nothing");
}

#[attribute]
pub fn add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}

#[attribute]
pub fn length(text: &str) -> usize {
    text.len()
}

#[attribute]
pub fn greet(greeting: &str, name: &str) -> String {
    format!("{greeting}, {name}!")
}

#[attribute]
pub fn sum(numbers: Vec<u32>) -> u32 {
    numbers.iter().sum()
}

#[attribute]
pub fn largest(numbers: &[i64]) -> Option<i64> {
    numbers.iter().copied().max()
}

#[attribute]
pub fn parse(text: &str) -> Result<u64, Failure> {
    text.trim().parse().map_err(|_| Failure::Unreadable(text.to_owned()))
}

#[attribute]
pub fn words(text: String) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[attribute]
pub fn divide(dividend: f64, divisor: f64) -> Result<f64, Failure> {
    if divisor == 0.0 {
        return Err(Failure::Impossible);
    }
    Ok(dividend / divisor)
}

#[attribute]
pub fn corners((width, height): (u32, u32)) -> [(u32, u32); 4] {
    [(0, 0), (width, 0), (0, height), (width, height)]
}

#[attribute]
pub fn page(address: &str, most: usize) -> Result<Page, Failure> {
    let text = std::fs::read_to_string(address).map_err(|_| Failure::Missing(address.into()))?;
    Ok(Page { address: address.into(), text: text.chars().take(most).collect() })
}

#[attribute]
pub fn pages(addresses: &[String]) -> Vec<Page> {
    addresses.iter().map(|address| Page { address: address.clone(), text: String::new() }).collect()
}

#[attribute]
pub fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Current => "current",
        Kind::Savings => "savings",
    }
}

#[attribute]
pub fn open(owner: String, kind: Kind, mut amounts: Vec<i64>) -> Result<Account, Failure> {
    amounts.retain(|amount| *amount != 0);
    if owner.is_empty() {
        return Err(Failure::Impossible);
    }
    Ok(Account { owner, kind, amounts })
}

impl Account {
    #[attribute]
    pub fn balance(&self) -> i64 {
        self.amounts.iter().sum()
    }

    #[attribute]
    pub fn has(&self, amount: i64) -> bool {
        self.amounts.contains(&amount)
    }

    #[attribute]
    pub fn statement(&self, title: &str) -> String {
        format!("{title}: {} of {} {:?}", self.amounts.len(), self.owner, self.kind)
    }

    #[attribute]
    pub fn pay(mut self, amount: i64) -> Result<Self, Failure> {
        if amount <= 0 {
            return Err(Failure::Impossible);
        }
        self.amounts.push(amount);
        Ok(self)
    }

    #[attribute]
    pub fn merged(self, other: &Self) -> Self {
        let amounts = self.amounts.iter().chain(&other.amounts).copied().collect();
        Self { amounts, ..self }
    }

    #[attribute]
    pub fn close(self: std::sync::Arc<Self>) -> usize {
        self.amounts.len()
    }
}
