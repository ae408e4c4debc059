//! The rows of all rounds, their medians, and how these compare.

/// What one round measures of one way.
#[derive(Clone, Copy)]
pub struct Figures {
    pub latency: f64,
    pub calls_a_second: f64,
    pub large: f64,
    pub processor: f64,
}

pub struct Table {
    rows: Vec<(&'static str, Vec<Figures>)>,
}

impl Table {
    pub fn begin<const N: usize>(names: [&'static str; N]) -> Self {
        println!("| round | | latency | calls a second | processor time a call | 8 MiB |");
        println!("|--:|---|--:|--:|--:|--:|");
        Self { rows: names.map(|name| (name, Vec::new())).into() }
    }

    /// Prints and keeps what a round measured; `None` if it could not.
    pub fn add(&mut self, round: u32, row: usize, figures: Option<Figures>) {
        let (name, rounds) = &mut self.rows[row];
        match figures {
            Some(figures) => {
                println!("| {round} | {name} | {} |", cells(&figures));
                rounds.push(figures);
            }
            None => println!("| {round} | {name} | not measured: see above | | | |"),
        }
    }

    pub fn print_medians(&self) {
        println!("\n| medians | latency | calls a second | processor time a call | 8 MiB |");
        println!("|---|--:|--:|--:|--:|");
        for (name, _) in &self.rows {
            if let Some(medians) = self.medians(name) {
                println!("| {name} | {} |", cells(&medians));
            }
        }
    }

    /// Prints how the first rows compare with a peer, if it was measured.
    pub fn print_ratios(&self, peer: &str) {
        let Some(other) = self.medians(peer) else { return };
        println!("\n| beside {peer} | latency | calls a second | processor time a call | 8 MiB |");
        println!("|---|--:|--:|--:|--:|");
        for (name, _) in &self.rows[..2] {
            let Some(own) = self.medians(name) else { continue };
            println!(
                "| {name} | 1/{:.1} | {:.1} × | 1/{:.1} | {:.2} × |",
                other.latency / own.latency,
                own.calls_a_second / other.calls_a_second,
                other.processor / own.processor,
                own.large / other.large
            );
        }
    }

    fn medians(&self, name: &str) -> Option<Figures> {
        let (_, rounds) = self.rows.iter().find(|(row, _)| *row == name)?;
        let of =
            |take: fn(&Figures) -> f64| median(&mut rounds.iter().map(take).collect::<Vec<_>>());
        (!rounds.is_empty()).then(|| Figures {
            latency: of(|round| round.latency),
            calls_a_second: of(|round| round.calls_a_second),
            large: of(|round| round.large),
            processor: of(|round| round.processor),
        })
    }
}

fn cells(figures: &Figures) -> String {
    format!(
        "{:.2} ms | {:.0} | {:.2} ms | {:.0} ms",
        1e3 * figures.latency,
        figures.calls_a_second,
        1e3 * figures.processor,
        1e3 * figures.large
    )
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
