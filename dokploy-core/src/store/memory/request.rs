//! Repeated requests in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::request::RUNNING_MAX;
use crate::store::{Idempotency, IdempotencyStore, StoredResponse};

/// A request that was begun, and its answer.
#[derive(Debug)]
pub(super) struct Request {
    digest: String,
    begun_at: Timestamp,
    ends_at: Timestamp,
    response: Option<StoredResponse>,
}

impl Request {
    fn is_over(&self, at: Timestamp) -> bool {
        let has_died = self.response.is_none() && self.begun_at.plus(RUNNING_MAX) <= at;
        self.ends_at <= at || has_died
    }
}

fn key(first: &str, second: &str) -> (String, String) {
    (first.to_owned(), second.to_owned())
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn begin_idempotent(
        &self,
        actor: &str,
        name: &str,
        digest: &str,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<Idempotency> {
        let requests = &mut self.lock().requests;
        match requests.get(&key(actor, name)) {
            Some(request) if !request.is_over(at) => {
                return Ok(match &request.response {
                    _ if request.digest != digest => Idempotency::Mismatch,
                    Some(response) => Idempotency::Done(response.clone()),
                    None => Idempotency::Running,
                });
            }
            _ => {}
        }
        let request = Request {
            digest: digest.to_owned(),
            begun_at: at,
            ends_at: at.plus(ttl),
            response: None,
        };
        requests.insert(key(actor, name), request);
        Ok(Idempotency::New)
    }

    async fn finish_idempotent(
        &self,
        actor: &str,
        name: &str,
        response: &StoredResponse,
    ) -> Result<()> {
        if let Some(request) = self.lock().requests.get_mut(&key(actor, name)) {
            request.response.get_or_insert_with(|| response.clone());
        }
        Ok(())
    }

    async fn abandon_idempotent(&self, actor: &str, name: &str) -> Result<()> {
        let requests = &mut self.lock().requests;
        let key = key(actor, name);
        if requests
            .get(&key)
            .is_some_and(|request| request.response.is_none())
        {
            requests.remove(&key);
        }
        Ok(())
    }

    async fn purge_idempotent(&self, before: Timestamp) -> Result<u64> {
        let requests = &mut self.lock().requests;
        let count = requests.len();
        requests.retain(|_, request| request.ends_at >= before);
        Ok((count - requests.len()) as u64)
    }
}
