//! Forms of what names and describes a service.

use serde_json::{Value, json};

use crate::spec::key::{Canonical, Form, Reading};
use crate::spec::node::{Kind, Node};
use crate::strategy::Service;
use crate::strategy::service::is_path;

/// The URL of a service that runs, or the name of a `[[service]]`.
pub(in crate::spec) struct ServiceForm;

impl Form for ServiceForm {
    type Value = Service;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Service> {
        let Kind::Text(text) = &node.kind else {
            reading.unfit(node, &self.expected(), self.example());
            return None;
        };
        if text.contains("://") {
            return url(node, text, self, reading);
        }
        if !is_name(text) {
            reading.unfit(node, &self.expected(), self.example());
            return None;
        }
        Some(Service::named(text.as_str()))
    }

    fn expected(&self) -> String {
        "the URL of a service of this machine, or the name of a [[service]]".to_owned()
    }

    fn example(&self) -> &'static str {
        "\"http://127.0.0.1:8000/path\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl Canonical for ServiceForm {
    fn canonical(&self, value: &Service) -> String {
        value.name.clone()
    }
}

/// The URL of a service that runs.
pub(in crate::spec) struct UrlForm;

impl Form for UrlForm {
    type Value = Service;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Service> {
        match &node.kind {
            Kind::Text(text) => url(node, text, self, reading),
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        "the URL of a service of this machine".to_owned()
    }

    fn example(&self) -> &'static str {
        "\"http://127.0.0.1:8000/path\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^http://" })
    }
}

fn url(
    node: &Node,
    text: &str,
    form: &dyn Form<Value = Service>,
    reading: &mut Reading,
) -> Option<Service> {
    match Service::at_url(text) {
        Ok(service) => Some(service),
        Err(why) => {
            reading.unfit_since(node, &form.expected(), form.example(), why.to_string());
            None
        }
    }
}

/// Whether a text can be the name of a program or a service.
pub(in crate::spec) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Path of a request.
pub(in crate::spec) struct PathForm {
    pub(in crate::spec) example: &'static str,
}

impl Form for PathForm {
    type Value = String;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<String> {
        match &node.kind {
            Kind::Text(text) if is_path(text) => Some(text.clone()),
            _ => {
                reading.unfit(node, &self.expected(), self.example);
                None
            }
        }
    }

    fn expected(&self) -> String {
        "a path that begins with `/`, without spaces".to_owned()
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^/" })
    }
}
