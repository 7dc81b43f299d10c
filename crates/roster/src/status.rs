//! Whether things are in use and people are there.

kernel::word! {
    /// Whether a school, room or class is in use.
    Status {
        /// It is.
        Active "Active",
        /// It is not any more.
        Archived "Archived",
    }
}

kernel::word! {
    /// Whether a person belongs to the district.
    Presence {
        /// They do.
        Active "Active",
        /// They do not any more.
        Deactivated "Deactivated",
    }
}
