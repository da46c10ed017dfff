//! Which task goes first when one is replaced. Pure.

use crate::model::{ApplicationSpec, PortMode, UpdateOrder};

/// The order of an update, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) order: UpdateOrder,
    pub(crate) reason: &'static str,
}

/// Start-first, unless a writable volume or a host port makes two tasks at once impossible. A person may choose
/// stop-first, but may not choose start-first against those two.
pub(crate) fn update_order(spec: &ApplicationSpec) -> Order {
    let (order, reason) = if spec.volumes.iter().any(|volume| !volume.read_only) {
        (
            UpdateOrder::StopFirst,
            "a writable volume must never have two writers",
        )
    } else if spec
        .ports
        .iter()
        .any(|port| port.mode == PortMode::Host && port.published.is_some())
    {
        (
            UpdateOrder::StopFirst,
            "two tasks cannot publish the same host port",
        )
    } else {
        match spec.update.order {
            Some(UpdateOrder::StopFirst) => (UpdateOrder::StopFirst, "the application asks for it"),
            Some(UpdateOrder::StartFirst) => {
                (UpdateOrder::StartFirst, "the application asks for it")
            }
            None => (
                UpdateOrder::StartFirst,
                "the new task is healthy before the old one stops",
            ),
        }
    };
    Order { order, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Port, Protocol, Volume};

    #[test]
    fn a_writable_volume_means_stop_first_even_when_start_first_is_asked_for() {
        let mut spec = ApplicationSpec::named("app");
        spec.update.order = Some(UpdateOrder::StartFirst);
        spec.volumes.push(Volume {
            source: "data".into(),
            target: "/data".into(),
            read_only: false,
        });
        assert_eq!(update_order(&spec).order, UpdateOrder::StopFirst);
    }

    #[test]
    fn a_read_only_volume_and_an_ingress_port_leave_it_start_first() {
        let mut spec = ApplicationSpec::named("app");
        spec.volumes.push(Volume {
            source: "data".into(),
            target: "/data".into(),
            read_only: true,
        });
        spec.ports.push(Port {
            target: 80,
            published: Some(80),
            mode: PortMode::Ingress,
            protocol: Protocol::Tcp,
        });
        assert_eq!(update_order(&spec).order, UpdateOrder::StartFirst);
    }

    #[test]
    fn a_host_port_means_stop_first() {
        let mut spec = ApplicationSpec::named("app");
        spec.ports.push(Port {
            target: 80,
            published: Some(80),
            mode: PortMode::Host,
            protocol: Protocol::Tcp,
        });
        assert_eq!(update_order(&spec).order, UpdateOrder::StopFirst);
    }
}
