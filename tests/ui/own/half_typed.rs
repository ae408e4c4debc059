use pybackground::background;

#[background]
fn missing_type(text: ) -> usize {
    1
}

#[background]
fn half_a_type(text: &, number: u8) -> usize {
    usize::from(number)
}

#[background]
fn missing_colon(text) -> usize {
    1
}

#[background]
fn missing_parameter(text: &str,, number: u8) -> usize {
    1
}

#[background]
fn missing_kind<const N>(number: u8) -> usize {
    1
}

#[derive(Clone)]
struct Shop {
    discount: u32,
}

impl Shop {
    #[background]
    fn half_a_receiver(&sel) -> u32 {
        1
    }

    #[background]
    fn half_a_field(&self) -> u32 { self. }

    #[background]
    fn half_a_sum(&self) -> u32 { u32::max(self.discount + ) }

    #[background]
    fn half_a_cast(&self) -> u32 { self.discount as }

    #[background]
    fn half_a_match(&self) -> u32 { match self.discount }
}

fn main() {
    missing_type("a");
    half_a_type("a", 1);
}
