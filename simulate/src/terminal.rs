//! Text for a terminal. A file name can hold escape sequences, which would clear the screen, forge other lines, or set
//! the window's title.

use std::fmt::Write;

/// The text with its control characters as escapes, such as `\u{1b}`. Line breaks stay.
pub fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, char| {
        if char.is_control() && char != '\n' {
            let _ = write!(plain, "{}", char.escape_unicode());
        } else {
            plain.push(char);
        }
        plain
    })
}

/// The same for text on one line, such as a file's name.
pub fn plain_line(text: &str) -> String {
    plain(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_command_from_a_name() {
        assert_eq!(plain("a\u{1b}[2Jb\r\u{7}\u{9b}c\nd é"), "a\\u{1b}[2Jb\\u{d}\\u{7}\\u{9b}c\nd é");
        assert_eq!(plain_line("a\nb"), "a\\nb");
    }
}
