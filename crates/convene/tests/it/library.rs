//! What comes with the planner, and what is imported: instruction sets and venues.

use convene::{
    catalogue::{Catalogue, Venue},
    instruction::{self, Agent, Instructions},
};

const VENUES: &str = "id,name,city,district,rooms,amenities,accessibility,rate_per_day,currency,service_percent,km_to_centre,contact,taken\n";
const ROW: &str = "v1,Hall,Alderport,downtown,Main:200|Side:50,wifi,step_free,900,USD,10,1.5,hall@v1.example,2027-01-01..2027-01-02\n";

fn faults(csv: &str) -> String {
    let errors = Catalogue::built_in().with_venues("venues.csv", csv).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_built_in_catalogue_is_whole() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.cities.len(), 12);
    for venue in &catalogue.venues {
        assert!(catalogue.city(&venue.city).is_some(), "{} lies in no city", venue.id);
        assert!(venue.contact.ends_with(".example"), "{} is not clearly invented", venue.id);
    }
    for price in &catalogue.prices {
        assert!(price.low <= price.typical && price.typical <= price.high, "{}", price.item);
    }
}

#[test]
fn venues_are_imported_with_row_and_column_of_each_mistake() {
    let imported =
        Catalogue::built_in().with_venues("venues.csv", &format!("{VENUES}{ROW}")).unwrap();
    assert_eq!(imported.venues.iter().map(Venue::main_capacity).collect::<Vec<_>>(), [200]);
    let broken = format!(
        "{VENUES}{ROW}{}",
        ROW.replace("v1,", "v2,").replace("900", "cheap").replace("Main:200", "Main")
    );
    let said = faults(&broken);
    assert!(
        said.contains("row 3, column rate_per_day") && said.contains("row 3, column rooms"),
        "{said}"
    );
    assert!(faults(&format!("{VENUES}{ROW}{ROW}")).contains("row 3, column id"), "a duplicate");
    assert!(faults("id,name\nv1,Hall\n").contains("row 1"), "missing columns");
    assert!(!faults("").is_empty());
}

#[test]
fn an_instruction_set_that_lacks_something_is_refused_with_what() {
    let file = include_str!("../../library/instructions/budget-analyst/beginner.toml");
    for (from, to, said) in [
        ("objectives", "goals", "goals"),
        ("reserve_percent = 5", "", "reserve_percent"),
        ("reserve_percent = 5", "reserve_percent = 5000", "reserve_percent"),
        ("level = \"beginner\"", "level = \"expert\"", "expert"),
        ("version = \"1.0.0\"", "version = \"one\"", "version"),
    ] {
        let refusal =
            instruction::parse("set.toml", &file.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(
            refusal.contains("set.toml") && refusal.contains(said),
            "{from} -> {to:?}: {refusal}"
        );
    }
    let twice = [("one.toml", file), ("two.toml", file)];
    let errors = Instructions::built_in().overridden(twice).unwrap_err();
    assert!(errors.first().unwrap().to_string().contains("one.toml"));
    assert_eq!(Agent::ALL.len(), 4);
}
