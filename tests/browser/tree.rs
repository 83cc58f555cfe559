//! The accessibility tree: what a browser tells a screen reader.

use serde_json::Value;

/// One thing that can be read out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) role: String,
    pub(crate) name: String,
    /// Read out after the name.
    pub(crate) description: String,
    /// What a field holds.
    pub(crate) value: String,
    pub(crate) focused: bool,
    pub(crate) invalid: bool,
    /// What the tree says of a field that must be filled in.
    pub(crate) required: bool,
}

/// A page's nodes, outer ones first.
#[derive(Debug)]
pub(crate) struct Tree(Vec<Node>);

impl Tree {
    /// The answer to `Accessibility.getFullAXTree`.
    pub(crate) fn read(answer: &Value) -> Self {
        let nodes = answer["nodes"].as_array().map_or(&[][..], Vec::as_slice);
        let heard = nodes.iter().filter(|node| node["ignored"] != true);
        Self(heard.map(Node::read).collect())
    }

    /// The nodes with that role.
    pub(crate) fn all(&self, role: &str) -> Vec<&Node> {
        self.0.iter().filter(|node| node.role == role).collect()
    }

    /// The one node with that role, if there is exactly one.
    pub(crate) fn only(&self, role: &str) -> Option<&Node> {
        match self.all(role).as_slice() {
            [node] => Some(node),
            _ => None,
        }
    }

    /// The only heading.
    pub(crate) fn heading(&self) -> Option<&str> {
        Some(self.only("heading")?.name.as_str())
    }

    /// Role and name of what has the focus, other than the page itself.
    pub(crate) fn focus(&self) -> Option<(&str, &str)> {
        self.0
            .iter()
            .find(|node| node.focused && node.role != "RootWebArea")
            .map(|node| (node.role.as_str(), node.name.as_str()))
    }

    /// What can be operated.
    pub(crate) fn controls(&self) -> impl Iterator<Item = &Node> {
        let operable = ["button", "textbox", "link", "checkbox", "combobox"];
        self.0
            .iter()
            .filter(move |node| operable.contains(&node.role.as_str()))
    }

    /// All text there is.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<&str> = self
            .all("StaticText")
            .iter()
            .map(|node| node.name.as_str())
            .collect();
        texts.join("\n")
    }
}

impl Node {
    fn read(node: &Value) -> Self {
        let text = |name: &str| node[name]["value"].as_str().unwrap_or_default().to_owned();
        let properties = node["properties"].as_array();
        let is = |name: &str| {
            let mut named = properties.into_iter().flatten();
            let property = named.find(|property| property["name"] == name);
            let value = property.map(|property| &property["value"]["value"]);
            value.is_some_and(|value| *value == true || *value == "true")
        };
        Self {
            role: text("role"),
            name: text("name"),
            description: text("description"),
            value: text("value"),
            focused: is("focused"),
            invalid: is("invalid"),
            required: is("required"),
        }
    }
}
