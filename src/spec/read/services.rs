//! Defaults of an experiment whose strategies ask a service.

use crate::spec::node::{Entry, Kind, Node};
use crate::spec::{Factor, keys};

/// The file with the service of `[server]` in every strategy that names none; and with a delay of zero,
/// where every strategy asks a service and no delay is written: the delays of a service are its own.
pub(super) fn filled_in(root: &Node) -> Node {
    let mut root = root.clone();
    let default = root.get(keys::SERVER.name).and_then(|server| {
        let entry = server.node.get(keys::SERVER_SERVICE.name)?;
        Some(Entry { key: Factor::Service.name().to_owned(), ..entry.clone() })
    });
    let strategies = match table_mut(&mut root, keys::STRATEGY.name) {
        Some(Node { kind: Kind::List(nodes), .. }) => nodes.as_mut_slice(),
        _ => return root,
    };
    if let Some(service) = default {
        strategies.iter_mut().for_each(|strategy| add(strategy, service.clone()));
    }
    let asks = |strategy: &Node| strategy.get(Factor::Service.name()).is_some();
    let all_ask = !strategies.is_empty() && strategies.iter().all(asks);
    if let (true, Some(workload)) = (all_ask, table_mut(&mut root, keys::WORKLOAD.name)) {
        let span = workload.span;
        let node = Node { kind: Kind::Text("0s".to_owned()), span };
        add(workload, Entry { key: Factor::Delay.name().to_owned(), key_span: span, node });
    }
    root
}

fn table_mut<'n>(root: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    let Kind::Table(entries) = &mut root.kind else { return None };
    entries.iter_mut().find(|entry| entry.key == name).map(|entry| &mut entry.node)
}

/// Adds a key to a table that does not have it.
fn add(table: &mut Node, entry: Entry) {
    if table.get(&entry.key).is_some() {
        return;
    }
    if let Kind::Table(entries) = &mut table.kind {
        entries.push(entry);
    }
}
