//! XML, as little of it as S3 needs.

use quick_xml::escape::escape;
use quick_xml::events::Event;

/// The namespace of S3's answers.
pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// S3's documents are flat; anything deeper is not one.
const DEEPEST: usize = 16;

/// An XML document that is being written.
#[derive(Debug)]
pub(super) struct Xml {
    text: String,
    open: Vec<String>,
}

impl Xml {
    /// Begins a document.
    pub(super) fn document(root: &str, namespace: &str) -> Self {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        match namespace {
            "" => text.push_str(&format!("<{root}>")),
            namespace => text.push_str(&format!("<{root} xmlns=\"{namespace}\">")),
        }
        Self { text, open: vec![root.to_owned()] }
    }

    /// An element with text.
    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        // A control character cannot stand in XML 1.0.
        let value: String = value.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect();
        self.text.push_str(&format!("<{name}>{}</{name}>", escape(&value)));
        self
    }

    /// An element with elements in it.
    pub(super) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.text.push_str(&format!("<{name}>"));
        inside(self);
        self.text.push_str(&format!("</{name}>"));
        self
    }

    /// The whole document.
    pub(super) fn end(mut self) -> String {
        while let Some(name) = self.open.pop() {
            self.text.push_str(&format!("</{name}>"));
        }
        self.text
    }
}

/// An element that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// Reads a document; `None` for what is not one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut reader = quick_xml::Reader::from_str(text);
        let mut open: Vec<Self> = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if open.len() < DEEPEST => open.push(Self::named(start.local_name().as_ref())?),
                Event::Start(_) | Event::DocType(_) => return None,
                Event::Empty(start) => open.last_mut()?.children.push(Self::named(start.local_name().as_ref())?),
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", name.decode().ok()?);
                    open.last_mut()?.text.push_str(&quick_xml::escape::unescape(&entity).ok()?);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        let document = open.pop().filter(|_| open.is_empty())?;
        document.children.into_iter().next()
    }

    fn named(name: &[u8]) -> Option<Self> {
        Some(Self { name: std::str::from_utf8(name).ok()?.to_owned(), ..Self::default() })
    }

    /// The first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// All children of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let mut xml = Xml::document("Delete", NAMESPACE);
        xml.element("Object", |xml| {
            xml.text("Key", "a&b <c> \u{1}é");
        });
        let text = xml.end();
        let node = Node::read(text.as_bytes()).unwrap();
        assert_eq!(node.name, "Delete");
        assert_eq!(node.all("Object").next().unwrap().text_of("Key"), Some("a&b <c> é"));
        for bad in ["", "text", "<a>", "<a></b>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", &"<a>".repeat(100)] {
            assert_eq!(Node::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
