//! The cells of a row by the names of their columns.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::oneroster::{
    Class, Course, Demographics, Enrollment, Org, RoleOf, Row, Session, User, UserRole, Version,
};

/// A row that can be written.
pub trait Record: Row {
    /// What stands in a column; nothing in those that the roster does not keep. `status` and `dateLastModified` are empty
    /// in bulk files.
    fn cell(&self, column: &str) -> Cow<'_, str>;
}

impl Record for Org {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "name" => (&self.name).into(),
            "type" => self.kind.word().into(),
            "identifier" => optional(self.identifier.as_ref()),
            "parentSourcedId" => optional(self.parent.as_ref()),
            "metadata.timezone" => optional(self.timezone.as_ref()),
            _ => "".into(),
        }
    }
}

impl Record for Session {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "title" => (&self.title).into(),
            "type" => self.kind.word().into(),
            "startDate" => self.start.to_string().into(),
            "endDate" => self.end.to_string().into(),
            "parentSourcedId" => optional(self.parent.as_ref()),
            "schoolYear" => (&self.school_year).into(),
            _ => "".into(),
        }
    }
}

impl Record for Course {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "title" => (&self.title).into(),
            "courseCode" => optional(self.code.as_ref()),
            "orgSourcedId" => (&self.org).into(),
            "subjects" => list(&self.subjects),
            _ => "".into(),
        }
    }
}

impl Record for Class {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "title" => (&self.title).into(),
            "courseSourcedId" => (&self.course).into(),
            "classType" => self.kind.word().into(),
            "schoolSourcedId" => (&self.school).into(),
            "termSourcedIds" => list(&self.terms),
            "subjects" => list(&self.subjects),
            _ => "".into(),
        }
    }
}

impl Record for User {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "enabledUser" => flag(self.enabled),
            "orgSourcedIds" => list(&self.orgs),
            "role" => self.role.map_or("", |role| role.word(Version::V1p1)).into(),
            "username" => (&self.username).into(),
            "givenName" => (&self.given_name).into(),
            "familyName" => (&self.family_name).into(),
            "identifier" => optional(self.identifier.as_ref()),
            "email" => optional(self.email.as_ref()),
            "phone" => optional(self.phone.as_ref()),
            "agentSourcedIds" => list(&self.agents),
            "grades" => list(&self.grades),
            "metadata.roles" => words(&self.roles),
            _ => "".into(),
        }
    }
}

impl Record for RoleOf {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "userSourcedId" => (&self.user).into(),
            "roleType" => if self.is_primary { "primary" } else { "secondary" }.into(),
            "role" => self.role.word(Version::V1p2).into(),
            "orgSourcedId" => (&self.org).into(),
            _ => "".into(),
        }
    }
}

impl Record for Enrollment {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "classSourcedId" => (&self.class).into(),
            "schoolSourcedId" => (&self.school).into(),
            "userSourcedId" => (&self.user).into(),
            "role" => self.role.word().into(),
            "primary" => flag(self.is_primary),
            "beginDate" => day(self.begin),
            "endDate" => day(self.end),
            _ => "".into(),
        }
    }
}

impl Record for Demographics {
    fn cell(&self, column: &str) -> Cow<'_, str> {
        match column {
            "birthDate" => day(self.birth_date),
            _ => "".into(),
        }
    }
}

fn optional(text: Option<&String>) -> Cow<'_, str> {
    text.map_or("", String::as_str).into()
}

fn flag(set: bool) -> Cow<'static, str> {
    if set { "true" } else { "false" }.into()
}

fn day(day: Option<Date>) -> Cow<'static, str> {
    day.map(|day| day.to_string()).unwrap_or_default().into()
}

fn list(items: &[String]) -> Cow<'_, str> {
    match items {
        [] => "".into(),
        [one] => one.into(),
        many => many.join(",").into(),
    }
}

fn words(roles: &[UserRole]) -> Cow<'static, str> {
    let words: Vec<_> = roles.iter().map(|role| role.word(Version::V1p2)).collect();
    words.join(",").into()
}
