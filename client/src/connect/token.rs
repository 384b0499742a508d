//! Tokens of players, for servers that need them: from the file of `--token-file`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use framehouse_shared::api::ws::Hidden;

/// The file of `--token-file`.
static FILE: OnceLock<PathBuf> = OnceLock::new();
/// Number of tokens that were taken from it.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Sends the token in this file with each request for a seat of this process. Of several lines, each with a token, each request
/// has the next one: for bots. The file is read for every request, so that a token which expires can be replaced. The first
/// call counts.
///
/// # Errors
/// With one sentence, when the file cannot be read or has no token.
pub fn use_tokens(file: &Path) -> Result<(), String> {
    read(file)?;
    FILE.get_or_init(|| file.to_owned());
    Ok(())
}

/// The token of the next request.
pub(super) fn next() -> Option<Hidden> {
    let tokens = read(FILE.get()?);
    // Without one, the server says that it needs one, if it does.
    let mut tokens = tokens.inspect_err(|sentence| tracing::warn!("{sentence}")).ok()?;
    let number = TAKEN.fetch_add(1, Relaxed) % tokens.len();
    Some(Hidden(tokens.swap_remove(number)))
}

/// The tokens in a file, at least one.
fn read(file: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("Cannot read {}: {error}.", file.display()))?;
    let tokens: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if tokens.is_empty() { Err(format!("{} has no token.", file.display())) } else { Ok(tokens) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_token_in_each_line() {
        let file = std::env::temp_dir().join(format!("framehouse-token-{}", std::process::id()));
        assert!(use_tokens(&file).is_err_and(|sentence| sentence.starts_with("Cannot read ")));
        fs::write(&file, "\n \n").expect("a file of ours");
        assert!(use_tokens(&file).is_err_and(|sentence| sentence.ends_with("has no token.")));
        assert_eq!(next(), None, "nothing is used that is wrong");
        fs::write(&file, "a.b.c\n\n d.e.f \n").expect("a file of ours");
        assert_eq!(read(&file), Ok(vec!["a.b.c".to_owned(), "d.e.f".to_owned()]));
        fs::remove_file(&file).expect("a file of ours");
    }
}
