//! Webhooks: what each provider sends, what anybody may send, and what the engine makes of it.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod anything;
mod receiving;
mod samples;
mod sending;
