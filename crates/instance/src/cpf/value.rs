//! What a parameter's value may look like, from the product's configuration reference.

/// The kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1.
    Flag,
    /// A whole number in this range, bounds included.
    Int(i64, i64),
    /// As `Int`, or the one number that means "automatic".
    IntOr(i64, i64, i64),
    /// A number with decimals, in thousandths, bounds included.
    Decimal(i64, i64),
    /// At most so many characters.
    Text(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An IP address or nothing.
    Address,
    /// Buffer pools in MB: `0,0,8K,16K,32K,64K`; one number stands for the 8 KB pool.
    Globals,
    /// One number of MB, or six pools.
    Routines,
    /// One or two numbers: `500` or `500,1024`.
    History,
    /// `0..32767,0..270336`.
    Zfheap,
    /// Sizes of database blocks: 8192, 16384, 32768, 65536.
    BlockSizes,
    /// `,` and a path.
    Console,
    /// Anything on one line.
    Free,
    /// Written by the product alone.
    ReadOnly,
}

/// 16 TB in MB: the most that all pools of global buffers may have together.
const GLOBALS_MB_MAX: u64 = 16 * 1024 * 1024;

/// The value as it is written into the file; a scalar for `globals` becomes the vector.
///
/// # Errors
/// What is expected instead.
pub fn normal(kind: Kind, value: &str) -> Result<String, String> {
    let checked = match kind {
        Kind::Globals => return globals(value),
        Kind::Flag => matches!(value, "0" | "1").then_some(()).ok_or_else(|| "0 or 1".to_owned()),
        Kind::Int(min, max) => int(value, min, max),
        Kind::IntOr(min, max, also) if value != also.to_string() => {
            int(value, min, max).map_err(|range| format!("{range}, or {also}"))
        }
        Kind::Decimal(min, max) => decimal(value, min, max),
        Kind::Text(max) => fits(value, max),
        Kind::Choice(words) if !words.contains(&value) => {
            Err(format!("one of {}", words.join(", ")))
        }
        Kind::Address => address(value),
        Kind::Routines => routines(value),
        Kind::History => ints(value, &[(0, 1000), (0, i64::MAX)], 1),
        Kind::Zfheap => ints(value, &[(0, 32_767), (0, 270_336)], 2),
        Kind::BlockSizes => block_sizes(value),
        Kind::Console => match value.strip_prefix(',') {
            Some(path) => fits(path, 227),
            None => Err("a comma and a path, or a comma alone".to_owned()),
        },
        Kind::ReadOnly => Err("nothing: the product writes it itself".to_owned()),
        Kind::IntOr(..) | Kind::Choice(_) | Kind::Free => Ok(()),
    };
    checked.map(|()| value.to_owned())
}

fn int(value: &str, min: i64, max: i64) -> Result<(), String> {
    match parsed(value) {
        Some(number) if (min..=max).contains(&number) => Ok(()),
        _ if max == i64::MAX => Err(format!("a whole number from {min}")),
        _ => Err(format!("a whole number from {min} to {max}")),
    }
}

/// Plain digits: a sign only where it is negative, nothing that another reader could take for something else.
fn parsed(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| value.parse().ok()).flatten()
}

fn ints(value: &str, bounds: &[(i64, i64)], least: usize) -> Result<(), String> {
    let fields: Vec<&str> = value.split(',').collect();
    if fields.len() < least || fields.len() > bounds.len() {
        return Err(format!("{least} to {} numbers between commas", bounds.len()));
    }
    fields.iter().zip(bounds).try_for_each(|(field, (min, max))| int(field, *min, *max))
}

fn decimal(value: &str, min: i64, max: i64) -> Result<(), String> {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let part = format!("{part:0<3}");
    let thousandths =
        (part.len() == 3).then(|| parsed(whole)?.checked_mul(1000)?.checked_add(parsed(&part)?));
    match thousandths.flatten() {
        Some(number) if (min..=max).contains(&number) => Ok(()),
        _ => Err(format!("a number from {}.{:03} to {}", min / 1000, min % 1000, max / 1000)),
    }
}

fn fits(value: &str, max: usize) -> Result<(), String> {
    if value.chars().count() <= max { Ok(()) } else { Err(format!("at most {max} characters")) }
}

fn address(value: &str) -> Result<(), String> {
    let is_address = value.is_empty() || value.parse::<std::net::IpAddr>().is_ok();
    if is_address { Ok(()) } else { Err("an IP address, or nothing for all".to_owned()) }
}

fn globals(value: &str) -> Result<String, String> {
    let numbers: Option<Vec<u64>> = value.split(',').map(unsigned).collect();
    let total = |pools: &[u64]| pools.iter().try_fold(0_u64, |sum, pool| sum.checked_add(*pool));
    let fits = |pools: &[u64]| total(pools).is_some_and(|sum| sum <= GLOBALS_MB_MAX);
    match numbers.as_deref() {
        Some([scalar]) if fits(&[*scalar]) => Ok(format!("0,0,{scalar},0,0,0")),
        Some(pools @ [0, 0, _, _, _, _]) if fits(pools) => Ok(value.to_owned()),
        _ => Err(format!(
            "MB of 8 KB buffers, or the six pools 0,0,8K,16K,32K,64K in MB, of which the first two are 0; at most \
             {GLOBALS_MB_MAX} MB together"
        )),
    }
}

/// The six pools as numbers, when they are six.
pub fn pools(value: &str) -> Option<[u64; 6]> {
    let numbers: Vec<u64> = value.split(',').map(unsigned).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn unsigned(value: &str) -> Option<u64> {
    let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| value.parse().ok()).flatten()
}

fn routines(value: &str) -> Result<(), String> {
    let known = unsigned(value).is_some_and(|mb| mb <= GLOBALS_MB_MAX) || pools(value).is_some();
    if known { Ok(()) } else { Err("MB as one number, or six pools".to_owned()) }
}

fn block_sizes(value: &str) -> Result<(), String> {
    let known = value.split(',').all(|size| matches!(size, "8192" | "16384" | "32768" | "65536"));
    if known {
        Ok(())
    } else {
        Err("sizes out of 8192,16384,32768,65536 between commas".to_owned())
    }
}
