//! The registry itself, on a real Redis: owners, epochs, sweeps, releases.

use framehouse_arena::ArenaPlugin;
use framehouse_harness::redis::Redis;
use framehouse_server::fleet::registry::{
    BuildShare, ClaimedCode, Holding, Incarnation, NodeLease, NodeState, Owner, Registry, RegistryError, Release,
    RoomKey, RoomRecord, Written, class_of,
};
use framehouse_shared::{
    ids::{AccountId, RoomCode},
    simulation,
};
use tokio::runtime::{Builder, Runtime};

/// A registry in a Redis of the test, and the runtime that its questions run on.
struct Asked {
    redis: Redis,
    registry: Registry,
    runtime: Runtime,
}

impl Asked {
    /// `None` where Redis is not installed.
    fn new() -> Option<Self> {
        let redis = Redis::for_tests()?;
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let registry = runtime.block_on(async { Registry::new(&redis.url()) }).expect("a good URL");
        Some(Self { redis, registry, runtime })
    }

    fn get<T, E: std::fmt::Debug>(&self, answer: impl Future<Output = Result<T, E>>) -> T {
        self.runtime.block_on(answer).expect("Redis answers")
    }

    fn write(&self, owner: &Owner) -> Written {
        self.get(self.registry.write_lease(&lease(owner)))
    }

    /// Writes a lease that ends only with [`end`](Self::end), however slow this machine is.
    fn keep(&self, owner: &Owner) {
        assert!(matches!(self.write(owner), Written::Kept { .. }));
        self.redis.ask(&["PERSIST", &format!("fh:node:{}", owner.node)]);
    }

    /// Ends a lease, as time does.
    fn end(&self, owner: &Owner) {
        self.redis.ask(&["DEL", &format!("fh:node:{}", owner.node)]);
        self.redis.ask(&["ZADD", "fh:nodes", "0", &owner.to_string()]);
    }

    fn claim(&self, owner: &Owner, codes: &[ClaimedCode]) -> Vec<RoomCode> {
        let claimed = self.get(self.registry.claim_codes(owner, codes));
        claimed.into_iter().map(|claim| claim.code).collect()
    }
}

fn owner(node: &str, life: u64) -> Owner {
    Owner { node: node.to_owned(), incarnation: Incarnation(life) }
}

fn lease(owner: &Owner) -> NodeLease {
    let hello = simulation::hello(ArenaPlugin);
    NodeLease {
        node: owner.node.clone(),
        incarnation: owner.incarnation,
        build: "1".to_owned(),
        class: class_of(&hello),
        hello,
        channel: "stable".to_owned(),
        zone: String::new(),
        http: "127.0.0.1:1".to_owned(),
        udp: Vec::new(),
        state: NodeState::Ready,
        tick_rate: 30,
        tick_p99_ms: 1.0,
        tick_load: 0.0,
        tick_load_max: 1.0,
        rooms: 0,
        rooms_max: 10,
        matches: 0,
        clients: 0,
        clients_max: 10,
        sockets: 0,
        sockets_max: 10,
        players: 0,
        room_size: 4,
        open: Vec::new(),
        started_unix_s: 0,
    }
}

fn codes(numbers: std::ops::Range<u32>) -> Vec<ClaimedCode> {
    numbers.map(|number| ClaimedCode { code: RoomCode::from_number(number), number: number.into() }).collect()
}

#[test]
fn a_code_has_one_owner_until_the_lease_of_that_is_over() {
    let Some(asked) = Asked::new() else { return };
    let (a, b) = (owner("a", 1), owner("b", 2));
    assert_eq!(asked.write(&a), Written::Kept { is_new: true, is_wanted_draining: false });
    [&a, &b].into_iter().for_each(|owner| asked.keep(owner));
    // As if Redis' memory had begun just now, and then long ago.
    asked.redis.ask(&["SET", "fh:born", "99999999999999"]);
    assert!(asked.claim(&a, &codes(0..3)).is_empty(), "others may have some from before");
    asked.redis.ask(&["SET", "fh:born", "0"]);
    let (of_a, of_b) = (asked.claim(&a, &codes(0..20)), asked.claim(&b, &codes(10..30)));
    assert_eq!((of_a.len(), of_b.len()), (20, 10));
    assert!(of_a.iter().all(|code| !of_b.contains(code)));
    let code = RoomCode::from_number(3);
    let place = asked.get(asked.registry.find_code(code)).expect("its owner lives");
    assert_eq!((place.owner, place.epoch, place.room), (a.clone(), 1, RoomKey { home: a.clone(), number: 3 }));
    // Another process may not have the name before the lease is over.
    let restarted = owner("a", 3);
    assert_eq!(asked.write(&restarted), Written::NameTaken);
    asked.end(&a);
    assert_eq!(asked.get(asked.registry.find_code(code)).expect("its owner may come back").owner, a);
    asked.keep(&restarted);
    assert_eq!(asked.get(asked.registry.find_code(code)), None);
    let held = Holding::Code(code, RoomKey { home: restarted.clone(), number: 9 });
    assert!(asked.get(asked.registry.hold(&restarted, &[held])).is_empty(), "nobody alive has it");
    assert_eq!(asked.get(asked.registry.sweep()), 19, "what the dead one had, and not what was taken over");
    assert!(!asked.redis.dump().contains(&a.to_string()));
    assert_eq!(asked.get(asked.registry.find_code(code)).expect("it is kept").owner, restarted);
}

#[test]
fn after_redis_was_away_nothing_is_swept_and_no_code_claimed_until_nodes_are_back() {
    let Some(asked) = Asked::new() else { return };
    let (a, b) = (owner("a", 1), owner("b", 2));
    asked.keep(&a);
    asked.redis.ask(&["SET", "fh:born", "0"]);
    assert_eq!(asked.claim(&a, &codes(0..5)).len(), 5);
    // All leases end, and nobody has left.
    asked.redis.ask(&["DEL", "fh:node:a"]);
    asked.redis.ask(&["ZADD", "fh:nodes", "1000", &a.to_string()]);
    assert_eq!(asked.get(asked.registry.sweep()), 0, "a gateway is back first");
    asked.keep(&b);
    assert_ne!(asked.redis.ask(&["GET", "fh:born"]), "0", "the first node that is back begins the time of the others");
    // However slow this machine is: the lease lives, and that time goes on, and then is over.
    asked.redis.ask(&["ZADD", "fh:nodes", "99999999999999", &b.to_string()]);
    asked.redis.ask(&["SET", "fh:born", "99999999999999"]);
    assert_eq!(asked.get(asked.registry.sweep()), 0);
    assert!(asked.claim(&b, &codes(10..15)).is_empty());
    asked.redis.ask(&["SET", "fh:born", "0"]);
    assert_eq!(asked.get(asked.registry.sweep()), 5, "it has not come back");
    assert_eq!(asked.claim(&b, &codes(0..5)).len(), 5);
}

#[test]
fn an_owner_whose_lease_is_over_writes_nothing_that_nobody_would_sweep() {
    let Some(asked) = Asked::new() else { return };
    let a = owner("a", 1);
    asked.keep(&a);
    asked.redis.ask(&["SET", "fh:born", "0"]);
    asked.end(&a);
    let room = RoomKey { home: a.clone(), number: 7 };
    let code = RoomCode::from_number(7);
    let record = RoomRecord { code, phase: "lobby".to_owned(), seats: 4, free: 3, players: 1, public: true, msg_id: 1 };
    let (holding, rooms) = ([Holding::Code(code, room.clone())], [(room, 1, record)]);
    let is_lapsed = |error| matches!(error, RegistryError::Lapsed);
    let (registry, runtime) = (&asked.registry, &asked.runtime);
    assert!(runtime.block_on(registry.hold(&a, &holding)).is_err_and(is_lapsed));
    assert!(runtime.block_on(registry.hold_rooms(&a, &rooms)).is_err_and(is_lapsed));
    assert!(runtime.block_on(registry.claim_codes(&a, &codes(0..5))).is_err_and(is_lapsed));
    assert!(!asked.redis.keys().iter().any(|key| key.starts_with("fh:owned:")), "{:?}", asked.redis.keys());
}

#[test]
fn a_connected_player_is_taken_over_from_a_node_that_it_is_disconnected_from() {
    let Some(asked) = Asked::new() else { return };
    let (a, b) = (owner("a", 1), owner("b", 2));
    let account = AccountId(7);
    let is_refused = |owner: &Owner, is_here: bool| {
        [&a, &b].into_iter().for_each(|owner| asked.keep(owner));
        !asked.get(asked.registry.hold(owner, &[Holding::Player { account, is_here }])).is_empty()
    };
    assert!(!is_refused(&b, false), "it was disconnected there while Redis was away");
    assert!(!is_refused(&a, true), "and plays here");
    assert!(is_refused(&b, false), "so the other node has to let it go");
    assert!(is_refused(&b, true), "a second connected one comes too late");
    assert!(!is_refused(&a, false));
}

#[test]
fn a_room_belongs_to_the_owner_with_the_higher_epoch() {
    let Some(asked) = Asked::new() else { return };
    let (a, b) = (owner("a", 1), owner("b", 2));
    let room = RoomKey { home: a.clone(), number: 7 };
    let code = RoomCode::from_number(7);
    let record = RoomRecord { code, phase: "lobby".to_owned(), seats: 4, free: 3, players: 1, public: true, msg_id: 1 };
    let refused = |owner: &Owner, epoch: u64| {
        [&a, &b].into_iter().for_each(|owner| asked.keep(owner));
        !asked.get(asked.registry.hold_rooms(owner, &[(room.clone(), epoch, record.clone())])).is_empty()
    };
    assert!(!refused(&a, 1));
    assert!(refused(&b, 1), "the same epoch, and its owner lives");
    assert!(!refused(&b, 2), "it took the room over");
    assert!(refused(&a, 1), "nobody believes an old owner");
    asked.get(asked.registry.let_go(&a, &[format!("fh:room:{room}")]));
    assert!(asked.redis.dump().contains(&format!("fh:room:{room}")), "it is another one's");
    asked.get(asked.registry.let_go(&b, &[format!("fh:room:{room}")]));
    assert!(!asked.redis.dump().contains(&format!("fh:room:{room}")));
}

#[test]
fn a_release_is_changed_by_one_at_a_time() {
    let Some(asked) = Asked::new() else { return };
    let empty = asked.get(asked.registry.release());
    assert_eq!(empty, Release::default());
    let share = BuildShare { build: "2".to_owned(), percent: 5.0, ..BuildShare::default() };
    let changed = Release { builds: vec![share], ..empty.clone() };
    assert!(asked.get(asked.registry.replace_release(&changed)));
    assert!(!asked.get(asked.registry.replace_release(&empty)), "somebody was faster");
    let read = asked.get(asked.registry.release());
    assert_eq!((read.version, &read.builds), (1, &changed.builds));
    assert!(asked.get(asked.registry.replace_release(&Release { builds: Vec::new(), ..read })));
}

#[test]
fn what_cannot_be_read_costs_only_itself() {
    let Some(asked) = Asked::new() else { return };
    [&owner("a", 1), &owner("b", 2)].into_iter().for_each(|owner| asked.keep(owner));
    asked.redis.ask(&["HSET", "fh:node:a", "lease", "{\"node\":\"a\"}"]);
    let nodes = asked.get(asked.registry.nodes());
    assert_eq!(nodes.iter().map(|entry| entry.lease.node.as_str()).collect::<Vec<_>>(), ["b"]);
    asked.redis.ask(&["SET", "fh:release", "{\"version\":3,\"builds\":[{\"build\":\"2\",\"later\":1}]}"]);
    let release = asked.get(asked.registry.release());
    assert_eq!((release.version, release.builds[0].build.as_str(), release.builds[0].percent), (3, "2", 0.0));
}

#[test]
fn an_operator_wants_a_node_to_drain_and_a_wish_ends_with_the_node() {
    let Some(asked) = Asked::new() else { return };
    let a = owner("a", 1);
    assert!(!asked.get(asked.registry.want_draining("a", true)), "there is no such node");
    asked.keep(&a);
    assert!(asked.get(asked.registry.want_draining("a", true)));
    assert_eq!(asked.write(&a), Written::Kept { is_new: false, is_wanted_draining: true });
    assert!(asked.get(asked.registry.nodes())[0].is_wanted_draining);
    assert!(asked.get(asked.registry.want_draining("a", false)));
    assert_eq!(asked.write(&a), Written::Kept { is_new: false, is_wanted_draining: false });
    asked.get(asked.registry.leave(&a));
    assert!(asked.get(asked.registry.nodes()).is_empty());
}
