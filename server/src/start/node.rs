//! The name of this server among others, in its log and in the notices of its alerts.

use rustix::system::uname;

use crate::config::ServerSettings;

/// The name that the settings give it, or that of this machine.
pub(super) fn node_name(settings: &ServerSettings) -> String {
    settings.node.clone().unwrap_or_else(host_name)
}

/// Name of this machine. Only the characters of a node name are left.
fn host_name() -> String {
    let host = uname().nodename().to_string_lossy().into_owned();
    host.chars().filter(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(*letter)).take(63).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_called_as_the_settings_say_and_else_like_its_machine() {
        let named = ServerSettings { node: Some("game-1".to_owned()), ..Default::default() };
        assert_eq!(node_name(&named), "game-1");
        assert_eq!(node_name(&ServerSettings::default()), host_name());
        assert!(!host_name().is_empty());
    }
}
