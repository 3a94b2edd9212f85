//! The tree of the patterns of paths.

use foldhash::HashMap;

/// A node of the tree of patterns. The router does not reveal which pattern it matched.
#[derive(Default)]
pub(super) struct Branch {
    /// The pattern that ends here.
    end: Option<usize>,
    /// The branches for literal segments.
    named: HashMap<String, Branch>,
    /// The branch for `{name}`, which matches any one segment.
    any: Option<Box<Branch>>,
    /// The pattern that ends with `{name:.*}`, which matches the rest of the path.
    rest: Option<usize>,
}

impl Branch {
    /// The tree of patterns; each is found by its index.
    pub(super) fn of<'a>(patterns: impl Iterator<Item = &'a str>) -> Self {
        let mut root = Self::default();
        for (index, pattern) in patterns.enumerate() {
            root.insert(pattern.trim_start_matches('/'), index);
        }
        root
    }

    fn insert(&mut self, pattern: &str, index: usize) {
        let (segment, rest) = first_segment(pattern);
        if segment.ends_with(":.*}") {
            self.rest = Some(index);
            return;
        }
        let branch = if segment.starts_with('{') {
            self.any.get_or_insert_default()
        } else {
            self.named.entry(segment.to_owned()).or_default()
        };
        match rest {
            Some(rest) => branch.insert(rest, index),
            None => branch.end = Some(index),
        }
    }

    /// The index of the pattern that matches `path`. Both are without their leading slash. Literal segments win over
    /// `{name}`.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        let (segment, rest) = first_segment(path);
        let follow = |branch: &Self| rest.map_or(branch.end, |rest| branch.find(rest));
        let named = self.named.get(segment).and_then(follow);
        let any = || self.any.as_deref().filter(|_| !segment.is_empty()).and_then(follow);
        named.or_else(any).or(self.rest)
    }
}

/// Splits a path at its first slash. `None` if there is no slash.
fn first_segment(path: &str) -> (&str, Option<&str>) {
    let slash = path.bytes().position(|byte| byte == b'/');
    slash.map_or((path, None), |slash| (&path[..slash], Some(&path[slash + 1..])))
}

#[cfg(test)]
mod tests {
    use super::Branch;

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        let patterns =
            ["/", "/calls", "/calls/{call}", "/calls/{call}/chunks", "/calls/{call}/chunks/batch", "/ui/{_:.*}"];
        let paths = ["/", "/calls", "/calls/MZ1", "/calls/MZ1/chunks", "/calls/MZ1/chunks/batch", "/ui/a/b"];
        let tree = Branch::of(patterns.into_iter());
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(tree.find(&path[1..]), Some(index), "{path}");
        }
        assert_eq!(tree.find("ui/"), Some(5));
        for path in ["/calls/", "/calls//chunks", "/calls/MZ1/chunk", "/calls/MZ1/chunks/", "/callsign", "/call", "//"]
        {
            assert_eq!(tree.find(&path[1..]), None, "{path}");
        }
    }
}
