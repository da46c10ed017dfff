//! A store that can be away, hang, or lose its answers.

use std::sync::{Arc, Mutex};

use dokploy_core::{Error, ErrorKind, Result, Store};
use tokio::sync::watch;

/// How the way to the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Free.
    Open,
    /// Every call fails at once.
    Away,
    /// Every call waits until that changes.
    Hanging,
    /// Every call takes effect, and its answer is lost.
    Deaf,
}

/// A store behind a gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    inner: Arc<dyn Store>,
    way: watch::Sender<Way>,
    losses: Arc<Mutex<Vec<&'static str>>>,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            way: watch::Sender::new(Way::Open),
            losses: Arc::default(),
        }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Loses the answer of the next call of a method.
    pub(crate) fn lose_next(&self, name: &'static str) {
        self.losses.lock().unwrap().push(name);
    }

    /// Whether every answer that was to be lost is lost.
    pub(crate) fn has_lost_all(&self) -> bool {
        self.losses.lock().unwrap().is_empty()
    }

    async fn before(&self) -> Result<()> {
        let mut way = self.way.subscribe();
        let way = *way.wait_for(|way| *way != Way::Hanging).await.unwrap();
        match way {
            Way::Away => Err(away()),
            _ => Ok(()),
        }
    }

    fn after(&self, name: &'static str) -> Result<()> {
        let mut losses = self.losses.lock().unwrap();
        let is_lost = losses.iter().position(|lost| *lost == name);
        if let Some(place) = is_lost {
            losses.remove(place);
        }
        if is_lost.is_some() || *self.way.borrow() == Way::Deaf {
            return Err(away());
        }
        Ok(())
    }
}

fn away() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the connection to the database was closed",
    )
}

macro_rules! through_gate {
    ($self:ident, $method:ident, $($argument:ident),*) => {{
        $self.before().await?;
        let done = $self.inner.$method($($argument),*).await;
        $self.after(stringify!($method))?;
        done
    }};
}

dokploy_core::delegate_store!(Gate, through_gate);
