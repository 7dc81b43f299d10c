//! Topic names and filters, by the rules of the standard (MQTT 5, section 4.7).

/// The longest topic or filter in bytes: its length travels in two.
pub(crate) const MAX_BYTES: usize = 65_535;

/// A topic or filter that the standard forbids. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// No characters at all.
    #[error("a topic must not be empty")]
    Empty,
    /// More than 65,535 bytes.
    #[error("a topic of {0} bytes is too long; at most 65535 can be sent")]
    TooLong(usize),
    /// The character U+0000.
    #[error("topic {0:?} contains NUL, which the standard forbids")]
    Nul(String),
    /// `+` or `#` in a topic that is published to.
    #[error("topic {0:?} contains a wildcard; `+` and `#` belong in filters only")]
    Wildcard(String),
    /// `#` before the end, or beside other characters.
    #[error("filter {0:?}: `#` must be the whole last level, as in `a/#`")]
    MultiLevel(String),
    /// `+` beside other characters.
    #[error("filter {0:?}: `+` must be a whole level, as in `a/+/b`")]
    SingleLevel(String),
    /// A shared filter without a group or without a filter.
    #[error("filter {0:?}: a shared filter is `$share/group/filter`, the group without wildcards")]
    Share(String),
}

fn check_text(text: &str) -> Result<(), TopicError> {
    match text {
        "" => Err(TopicError::Empty),
        _ if text.len() > MAX_BYTES => Err(TopicError::TooLong(text.len())),
        _ if text.contains('\0') => Err(TopicError::Nul(text.to_owned())),
        _ => Ok(()),
    }
}

/// Whether a message may be published to `topic`.
pub fn check_topic(topic: &str) -> Result<(), TopicError> {
    check_text(topic)?;
    if topic.contains(['+', '#']) {
        return Err(TopicError::Wildcard(topic.to_owned()));
    }
    Ok(())
}

/// Whether `filter` may be subscribed to.
pub fn check_filter(filter: &str) -> Result<(), TopicError> {
    check_text(filter)?;
    if filter.strip_prefix("$share/").is_some() && split_share(filter).is_none() {
        return Err(TopicError::Share(filter.to_owned()));
    }
    let levels = unshared(filter);
    check_text(levels)?;
    for (level, is_last) in with_last(levels) {
        if level.contains('#') && (level != "#" || !is_last) {
            return Err(TopicError::MultiLevel(filter.to_owned()));
        }
        if level.contains('+') && level != "+" {
            return Err(TopicError::SingleLevel(filter.to_owned()));
        }
    }
    Ok(())
}

/// A client id as part of a topic: there `+` and `#` would be wildcards.
pub(crate) fn part(client_id: &str) -> String {
    client_id.replace('+', "%2B").replace('#', "%23")
}

fn with_last(filter: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut levels = filter.split('/').peekable();
    std::iter::from_fn(move || levels.next().map(|level| (level, levels.peek().is_none())))
}

fn split_share(filter: &str) -> Option<(&str, &str)> {
    let (group, levels) = filter.strip_prefix("$share/")?.split_once('/')?;
    (!group.is_empty() && !group.contains(['+', '#']) && !levels.is_empty())
        .then_some((group, levels))
}

/// The filter without its `$share/group/`.
fn unshared(filter: &str) -> &str {
    split_share(filter).map_or(filter, |(_, levels)| levels)
}

/// Whether `filter` covers `topic`. A wildcard in the first level does not cover topics that begin with `$`.
pub fn matches(filter: &str, topic: &str) -> bool {
    let filter = unshared(filter);
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut topic_levels = topic.split('/');
    for level in filter.split('/') {
        match (level, topic_levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(topic_level)) if level == topic_level => {}
            _ => return false,
        }
    }
    topic_levels.next().is_none()
}
