//! Desync handling: reports a state that differs from the server's, and answers the server's questions about where and
//! why. Only confirmed states are compared.

use framehouse_shared::{
    fields::{Field, FieldDifference},
    protocol::messages::{ClientMessage, FIELDS_BYTES_MAX},
    tick::Tick,
};

use super::{Client, Notice, current_match::CurrentMatch};

impl Client {
    /// Reports a frame whose state hash differs from ours.
    pub(super) fn report_desync(&mut self, tick: Tick) {
        self.note_desync(tick);
        let (Some(current), Some(prediction)) = (&self.current, &self.prediction) else { return };
        let Some(hashes) = prediction.hashes_after(tick).cloned() else { return };
        self.connection.queue_control(&ClientMessage::Hashes {
            match_no: current.number,
            tick,
            is_answer: false,
            hashes,
        });
    }

    /// Reports the first tick whose state hash differs from the server's, if it is one of those asked for.
    pub(super) fn answer_hashes(&mut self, match_no: u32, first: Tick, server: &[u64]) {
        let Some(prediction) = self.prediction.as_mut().filter(|_| is_current(&self.current, match_no)) else { return };
        let Some((tick, hashes)) = prediction.find_first_bad(first, server) else { return };
        self.note_desync(tick);
        self.connection.queue_control(&ClientMessage::Hashes { match_no, tick, is_answer: true, hashes });
    }

    /// Takes the server's finding: sends it the named component's fields, or notes the field that it names.
    pub(super) fn take_desync(&mut self, match_no: u32, tick: Tick, component: String, field: Option<FieldDifference>) {
        if let Some(prediction) =
            self.prediction.as_mut().filter(|_| field.is_none() && is_current(&self.current, match_no))
        {
            for message in fields_messages(match_no, tick, prediction.fields(tick, &component)) {
                self.connection.queue_control(&message);
            }
        }
        self.notices.push(Notice::Desync { tick, component: Some(component), field });
    }

    /// Counts a desync once for each loaded state.
    fn note_desync(&mut self, tick: Tick) {
        let Some(current) = &mut self.current else { return };
        let is_of_replaced = current.loaded.is_some_and(|(_, first)| tick < first);
        let noted = if is_of_replaced { &mut current.was_desynced } else { &mut current.is_desynced };
        if !std::mem::replace(noted, true) {
            self.stats.desyncs += 1;
            self.notices.push(Notice::Desync { tick, component: None, field: None });
        }
    }
}

fn is_current(current: &Option<CurrentMatch>, match_no: u32) -> bool {
    current.as_ref().is_some_and(|current| current.number == match_no)
}

/// All fields in as few messages as they fit into; at least one, since the server waits for the last.
fn fields_messages(match_no: u32, tick: Tick, fields: Vec<Field>) -> Vec<ClientMessage> {
    let (mut parts, mut bytes) = (vec![Vec::new()], 0);
    for field in fields {
        bytes += field.bytes();
        if bytes > FIELDS_BYTES_MAX {
            bytes = field.bytes();
            parts.push(Vec::new());
        }
        parts.last_mut().expect("there is always one").push(field);
    }
    let last = parts.len() - 1;
    let message = |(index, fields)| ClientMessage::Fields { match_no, tick, is_last: index == last, fields };
    parts.into_iter().enumerate().map(message).collect()
}

#[cfg(feature = "corrupt")]
impl Client {
    /// Changes the confirmed state right before `tick` is simulated, as faulty hardware would. For tests only.
    pub fn corrupt(
        &mut self,
        tick: Tick,
        change: impl FnOnce(&mut bevy::prelude::EntityWorldMut) + Send + Sync + 'static,
    ) {
        if let Some(prediction) = &mut self.prediction {
            prediction.corrupt(tick, change);
        }
    }

    /// Sends any message to the server, as a modified client might. For tests only.
    pub fn claim(&mut self, message: &ClientMessage) {
        self.connection.queue_control(message);
    }
}
