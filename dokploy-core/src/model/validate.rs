//! The rules of an application's specification, in one place for every front end.
