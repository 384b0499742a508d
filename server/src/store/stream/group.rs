//! A member of the group of all archivers, which takes entries of a stream.

use std::time::Duration;

use framehouse_shared::ids::AccountId;
use redis::{
    AsyncCommands, RedisError,
    aio::ConnectionManager,
    cmd, pipe,
    streams::{StreamAutoClaimReply, StreamId, StreamInfoConsumersReply, StreamReadReply},
};
use tokio::time::Instant;

/// Id before all entries.
const FIRST: &str = "0-0";
/// Name of the group.
const GROUP: &str = "archivers";
/// Time after which an entry that somebody has taken goes to another one.
const CLAIM_AFTER: Duration = Duration::from_secs(10);
/// Interval between two looks for such entries.
const CLAIM_INTERVAL: Duration = Duration::from_secs(2);
/// Time after which the name of a member that has nothing is removed.
const GONE_AFTER: Duration = Duration::from_secs(86_400);

/// A member of the group.
pub(super) struct Group {
    redis: ConnectionManager,
    /// Key of the stream.
    pub stream: &'static str,
    /// Name of this member, which no other one has.
    name: String,
    /// Entries that are taken and not done.
    taken: Vec<StreamId>,
    is_made: bool,
    /// Where the look for entries of the dead goes on, and when.
    next_claim: (String, Instant),
}

impl Group {
    /// A member for this stream.
    pub fn new(redis: ConnectionManager, stream: &'static str) -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the operating system gives random bytes");
        let name = AccountId(u128::from_ne_bytes(bits)).to_string();
        let next_claim = (FIRST.to_owned(), Instant::now());
        Self { redis, stream, name, taken: Vec::new(), is_made: false, next_claim }
    }

    /// The next entries, at most `count`, the same ones until they are done.
    ///
    /// # Errors
    /// Those of Redis.
    pub async fn read(&mut self, count: usize) -> Result<&[StreamId], RedisError> {
        if self.taken.is_empty() {
            // An error may mean that Redis has lost the group.
            let taken = self.take(count).await.inspect_err(|_| self.is_made = false)?;
            self.taken = taken;
        }
        Ok(&self.taken)
    }

    /// Takes the entries that were read last out of the stream.
    ///
    /// # Errors
    /// Those of Redis. They come again.
    pub async fn done(&mut self) -> Result<(), RedisError> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = self.taken.iter().map(|entry| entry.id.as_str()).collect();
        let mut removing = pipe();
        removing.atomic().xack(self.stream, GROUP, &ids).ignore().xdel(self.stream, &ids).ignore();
        removing.exec_async(&mut self.redis).await?;
        self.taken.clear();
        Ok(())
    }

    async fn take(&mut self, count: usize) -> Result<Vec<StreamId>, RedisError> {
        if !self.is_made {
            self.make().await?;
            self.is_made = true;
        }
        let claimed = self.claim(count).await?;
        if !claimed.is_empty() {
            return Ok(claimed);
        }
        let mut reading = cmd("XREADGROUP");
        reading.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(count);
        reading.arg("STREAMS").arg(self.stream).arg(">");
        let read: Option<StreamReadReply> = reading.query_async(&mut self.redis).await?;
        Ok(read.into_iter().flat_map(|read| read.keys).flat_map(|of_stream| of_stream.ids).collect())
    }

    /// Entries that others have taken and not done, because they are dead or slow.
    async fn claim(&mut self, count: usize) -> Result<Vec<StreamId>, RedisError> {
        let (from, due) = &self.next_claim;
        if Instant::now() < *due {
            return Ok(Vec::new());
        }
        let mut claiming = cmd("XAUTOCLAIM");
        claiming.arg(self.stream).arg(GROUP).arg(&self.name).arg(CLAIM_AFTER.as_millis() as u64).arg(from);
        claiming.arg("COUNT").arg(count);
        let reply: StreamAutoClaimReply = claiming.query_async(&mut self.redis).await?;
        let pause = if reply.next_stream_id == FIRST { CLAIM_INTERVAL } else { Duration::ZERO };
        self.next_claim = (reply.next_stream_id, Instant::now() + pause);
        Ok(reply.claimed)
    }

    /// Makes the group, if it is not there, and removes names of members that are long gone.
    async fn make(&mut self) -> Result<(), RedisError> {
        let made: Result<(), RedisError> = self.redis.xgroup_create_mkstream(self.stream, GROUP, "0").await;
        match made {
            Err(error) if error.code() == Some("BUSYGROUP") => {}
            made => made?,
        }
        let members: StreamInfoConsumersReply = self.redis.xinfo_consumers(self.stream, GROUP).await?;
        for member in members.consumers {
            if member.pending == 0 && Duration::from_millis(member.idle as u64) > GONE_AFTER {
                let _: usize = self.redis.xgroup_delconsumer(self.stream, GROUP, member.name).await?;
            }
        }
        Ok(())
    }
}
