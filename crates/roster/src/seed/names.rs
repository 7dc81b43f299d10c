//! Names as a district hears them: of several origins, in their own spelling.

use rand::{RngExt, rngs::StdRng};

/// Given and family names of one origin.
struct Origin {
    given: &'static [&'static str],
    family: &'static [&'static str],
}

const ORIGINS: [Origin; 10] = [
    Origin {
        given: &[
            "Emma", "Liam", "Olivia", "Noah", "Ava", "Ethan", "Grace", "Henry", "Hazel", "Owen",
            "Ruby", "Caleb", "Nora", "Wyatt", "Clara", "Miles", "Stella", "Jonah", "Maeve", "Eli",
        ],
        family: &[
            "Smith",
            "Johnson",
            "Miller",
            "Davis",
            "Anderson",
            "Clark",
            "Walker",
            "Baker",
            "Campbell",
            "O'Brien",
            "Murphy",
            "Bennett",
            "Hughes",
            "Fletcher",
            "McAllister",
            "Whitfield",
        ],
    },
    Origin {
        given: &[
            "Sofía",
            "Mateo",
            "Valentina",
            "Santiago",
            "Camila",
            "Diego",
            "Lucía",
            "Ángel",
            "Ximena",
            "Joaquín",
            "María José",
            "Andrés",
            "Renata",
            "Emiliano",
            "Itzel",
            "Julián",
        ],
        family: &[
            "García",
            "Hernández",
            "López",
            "Martínez",
            "Ramírez",
            "Flores",
            "Núñez",
            "Ortiz Vega",
            "de la Cruz",
            "Mendoza",
            "Peña",
            "Ibáñez",
            "Salazar Ruiz",
            "Fuentes",
        ],
    },
    Origin {
        given: &[
            "Aaliyah", "Jayden", "Imani", "Malik", "Nia", "Darius", "Zuri", "Isaiah", "Kiara",
            "Xavier", "Amara", "Tyrell", "Simone", "Andre",
        ],
        family: &[
            "Washington",
            "Jefferson",
            "Booker",
            "Banks",
            "Freeman",
            "Coleman",
            "Jackson",
            "Robinson",
            "Brooks",
            "Haynes",
            "Dorsey",
            "Gaines",
        ],
    },
    Origin {
        given: &[
            "Linh", "Minh", "Thảo", "Quân", "Ngọc", "Tuấn", "Hương", "Đức", "Phương", "Khánh",
            "Trang", "Bảo",
        ],
        family: &["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi"],
    },
    Origin {
        given: &[
            "Priya",
            "Arjun",
            "Ananya",
            "Rohan",
            "Diya",
            "Vikram",
            "Meera",
            "Aarav",
            "Kavya",
            "Siddharth",
            "Lakshmi",
            "Ishaan",
        ],
        family: &[
            "Patel",
            "Sharma",
            "Reddy",
            "Iyer",
            "Singh",
            "Gupta",
            "Nair",
            "Banerjee",
            "Kaur",
            "Deshpande",
        ],
    },
    Origin {
        given: &[
            "Fatima", "Omar", "Layla", "Yusuf", "Mariam", "Ibrahim", "Noor", "Khalid", "Salma",
            "Hamza", "Zaynab", "Tariq",
        ],
        family: &[
            "Haddad", "al-Masri", "Khoury", "Mansour", "El Sayed", "Nasser", "Abdi", "Warsame",
            "Farah", "Rahimi",
        ],
    },
    Origin {
        given: &[
            "Wei", "Mei", "Jun", "Xinyi", "Hao", "Yuki", "Haruto", "Min-jun", "Seo-yeon", "Jiho",
            "Lan", "Kenji",
        ],
        family: &["Chen", "Wang", "Liu", "Zhang", "Tanaka", "Sato", "Kim", "Park", "Choi", "Ng"],
    },
    Origin {
        given: &[
            "Zofia",
            "Łukasz",
            "Anastasiya",
            "Dmytro",
            "Jana",
            "Tomáš",
            "Milica",
            "Luka",
            "Ilse",
            "Søren",
            "Chloé",
            "Zoë",
        ],
        family: &[
            "Kowalski",
            "Wójcik",
            "Shevchenko",
            "Novák",
            "Petrović",
            "Müller",
            "Jørgensen",
            "Lefèvre",
            "van der Berg",
            "Åkesson",
        ],
    },
    Origin {
        given: &[
            "Adaeze", "Kwame", "Folasade", "Chidi", "Abena", "Tunde", "Makena", "Sekou", "Aminata",
            "Tendai",
        ],
        family: &["Okafor", "Mensah", "Adeyemi", "Diallo", "Boateng", "Mwangi", "Nwosu", "Traoré"],
    },
    Origin {
        given: &[
            "Pa Houa", "Kai", "Mai See", "Tou", "Leilani", "Keoni", "Winona", "Takoda", "Aiyana",
            "Malia",
        ],
        family: &["Xiong", "Vang", "Yang", "Thao", "Kealoha", "Begay", "Yazzie", "Whitehorse"],
    },
];
/// How often each origin comes, of 100.
const SHARES: [u32; 10] = [30, 24, 14, 5, 7, 6, 5, 4, 3, 2];
/// Of a hundred, how many have a given name of another origin than their family name.
const MIXED: u32 = 8;

/// The families of a district, to take names from.
pub(super) struct Family {
    origin: usize,
    /// Their name.
    pub(super) name: &'static str,
}

/// A family name.
pub(super) fn family(rng: &mut StdRng) -> Family {
    let mut left = rng.random_range(0..SHARES.iter().sum());
    let origin = SHARES.iter().position(|share| {
        let here = left < *share;
        left = left.saturating_sub(*share);
        here
    });
    let origin = origin.unwrap_or_default();
    Family { origin, name: pick(of(origin).family, rng) }
}

/// A given name of somebody in a family.
pub(super) fn given(family: &Family, rng: &mut StdRng) -> &'static str {
    let mixed = rng.random_range(0..100) < MIXED;
    let origin = if mixed { rng.random_range(0..ORIGINS.len()) } else { family.origin };
    pick(of(origin).given, rng)
}

fn of(origin: usize) -> &'static Origin {
    let [first, ..] = &ORIGINS;
    ORIGINS.get(origin).unwrap_or(first)
}

fn pick(names: &'static [&'static str], rng: &mut StdRng) -> &'static str {
    names.get(rng.random_range(0..names.len())).copied().unwrap_or_default()
}
