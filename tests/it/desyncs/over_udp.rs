//! A desync over real sockets: the client is told the field, and the report is in the folder.

use std::{thread, time::Instant};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_harness::live::{LiveServer, wait_until};
use framehouse_shared::fields::FieldDifference;

use super::*;

#[test]
fn over_udp_the_client_is_told_the_field_and_the_report_is_in_the_folder() {
    let mut server = LiveServer::start(ArenaPlugin, Vec::new());
    let start = Instant::now();
    let config = ClientConfig::of(ArenaPlugin);
    let room = RoomRequest::Create { size: 1, private: false, practice: true, economy: None };
    let request = SessionRequest {
        name: "udp".into(),
        room,
        resume: None,
        player_secret: None,
        hello: Some(config.hello.clone()),
    };
    let grant = request_session(&server.url, &request).expect("a seat");
    let link = UdpLink::connect(Connection::server_address(&grant.token).expect("a token")).expect("a socket");
    let mut client = Client::new(&grant.token, Box::new(link), &config, start.elapsed()).expect("a token");
    client.set_ready(true);
    let (mut told, mut is_corrupt) = (None, false);
    wait_until("the field is told", || {
        thread::yield_now();
        client.update(start.elapsed(), &mut |_| Default::default());
        if !is_corrupt && client.stats().ticks_confirmed > 20 {
            let (tick, slot) = (client.prediction().expect("not thin").next_confirmed().plus(10), Slot::new(0));
            client.corrupt(tick, move |room| {
                let mut bodies = room.get_mut::<Bodies>().expect("crafts");
                bodies.craft_mut(slot.expect("a seat")).expect("its craft").shield_until.0 += 7;
            });
            is_corrupt = true;
        }
        told = client.drain_notices().find_map(|notice| match notice {
            Notice::Desync { field: Some(field), .. } => Some(field),
            _ => None,
        });
        told.is_some()
    });
    let FieldDifference { slot, field, server: right, client: wrong } = told.expect("just told");
    assert_eq!((slot, field.as_str()), (Slot::new(0), "shield_until"));
    server.end();
    let (_, report) = only_report(&server.replay_folder());
    assert_eq!(report["name"], "udp");
    assert_eq!(report["differences"], json!([{ "slot": 0, "field": field, "server": right, "client": wrong }]));
}
