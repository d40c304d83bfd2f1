//! Forms of what names and describes a service.

use serde_json::{Value, json};

use crate::spec::key::{Canonical, Form, Reading};
use crate::spec::node::{Kind, Node};
use crate::strategy::program::placeholders;
use crate::strategy::service::is_path;
use crate::strategy::{Outbound, Product, Service};

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

/// Order of the calls of a page, or the setting that holds it.
pub(in crate::spec) struct OutboundForm;

impl Form for OutboundForm {
    type Value = String;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<String> {
        match &node.kind {
            Kind::Text(text) if Outbound::named(text).is_some() || setting_in(text).is_some() => {
                Some(text.clone())
            }
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        let words = Outbound::ALL.map(|outbound| format!("{:?}", outbound.name()));
        format!("one of {}, or a setting in braces that holds one", words.join(", "))
    }

    fn example(&self) -> &'static str {
        "\"{outbound}\""
    }

    fn schema(&self) -> Value {
        let word =
            |outbound: Outbound| json!({ "const": outbound.name(), "description": outbound.doc() });
        let mut all: Vec<Value> = Outbound::ALL.map(word).into();
        all.push(json!({
            "type": "string",
            "pattern": "^\\{[a-z_-]+\\}$",
            "description": "the setting that holds one of these",
        }));
        json!({ "anyOf": all })
    }
}

/// The setting that a text in braces names.
pub(in crate::spec) fn setting_in(text: &str) -> Option<&str> {
    let name = placeholders(text).first().copied()?;
    (text.len() == name.len() + 2).then_some(name)
}

/// Settings and numbers, to be multiplied.
pub(in crate::spec) struct ProductForm {
    pub(in crate::spec) example: &'static str,
}

impl Form for ProductForm {
    type Value = Product;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Product> {
        let word = |node: &Node| match &node.kind {
            Kind::Text(text) if !text.is_empty() => Some(text.clone()),
            Kind::Integer(n @ 1..) => Some(n.to_string()),
            _ => None,
        };
        let words = match &node.kind {
            Kind::List(nodes) if !nodes.is_empty() => nodes.iter().map(word).collect(),
            _ => None,
        };
        if words.is_none() {
            reading.unfit(node, &self.expected(), self.example);
        }
        words.map(Product)
    }

    fn expected(&self) -> String {
        "a list, not empty, of settings and whole numbers".to_owned()
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        let item = json!({ "type": ["string", "integer"] });
        json!({ "type": "array", "items": item, "minItems": 1 })
    }
}
