//! The requests. Each names an `op` and, except `bench_*`, the `member` that it is for:
//!
//! | op | fields | answer |
//! | --- | --- | --- |
//! | `member` | `identity`, `private` (handshakes as PrivateMessage) | null |
//! | `key_package` | | MLSMessage |
//! | `create` | `group_id`, `extensions` | null |
//! | `join` | `welcome`, `tree` (optional) | null |
//! | `psk` | `psk_id`, `psk` | null |
//! | `propose` | `proposal` | MLSMessage |
//! | `commit` | `proposals`, `pending`, `path`, `new_signer`, `leaf_extensions`, `aad`, `tree_beside` | `commit`, `welcome` |
//! | `merge`, `clear` | | null |
//! | `send` | `data`, `aad` | MLSMessage |
//! | `receive` | `message` | `kind` and what belongs to it |
//! | `state` | | see `member.rs` |
//! | `tree` | | `ratchet_tree` extension data |
//! | `forget` | | null |
//! | `bench_setup`, `bench_run` | see `bench.rs` | |
//!
//! Bytes are lowercase hexadecimal.

use std::collections::HashMap;

use serde_json::{json, Value};

use crate::bench::Bench;
use crate::member::PeerMember;
use crate::wire::{self, Answer};

#[derive(Default)]
pub struct World {
    members: HashMap<String, PeerMember>,
    bench: Option<Bench>,
}

impl World {
    pub fn handle(&mut self, request: &Value) -> Answer<Value> {
        let op = wire::string(request, "op")?;
        match op {
            "bench_setup" => {
                let warm = wire::list(request, "warm")?
                    .iter()
                    .map(|leaf| {
                        leaf.as_u64()
                            .map(|leaf| leaf as usize)
                            .ok_or("leaf is no number")
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let (bench, cold) = Bench::new(wire::number(request, "size")? as usize, &warm)?;
                self.bench = Some(bench);
                return Ok(cold);
            }
            "bench_run" => {
                let bench = self.bench.as_mut().ok_or("no bench was set up")?;
                let count = wire::number(request, "count")? as usize;
                return Ok(json!(bench.run(wire::string(request, "what")?, count)?));
            }
            _ => {}
        }
        let name = wire::string(request, "member")?.to_owned();
        if op == "member" {
            let member = PeerMember::new(
                wire::bytes(request, "identity")?,
                wire::flag(request, "private"),
            )?;
            self.members.insert(name, member);
            return Ok(Value::Null);
        }
        if op == "forget" {
            self.members.remove(&name);
            return Ok(Value::Null);
        }
        let member = self.members.get_mut(&name).ok_or("unknown member")?;
        match op {
            "key_package" => Ok(json!(member.key_package_message()?)),
            "create" => {
                let extensions = wire::extensions(request, "extensions")?;
                member.create(&wire::bytes(request, "group_id")?, extensions)?;
                Ok(Value::Null)
            }
            "join" => {
                let tree = request
                    .get("tree")
                    .map(|_| wire::bytes(request, "tree"))
                    .transpose()?;
                member.join(&wire::bytes(request, "welcome")?, tree)?;
                Ok(Value::Null)
            }
            "psk" => {
                member.store_psk(
                    wire::bytes(request, "psk_id")?,
                    &wire::bytes(request, "psk")?,
                )?;
                Ok(Value::Null)
            }
            "propose" => Ok(json!(hex::encode(
                member.propose(wire::field(request, "proposal")?)?
            ))),
            "commit" => member.commit(request),
            "merge" => member.merge().map(|()| Value::Null),
            "clear" => member.clear().map(|()| Value::Null),
            "send" => {
                let aad = request
                    .get("aad")
                    .map_or(Ok(vec![]), |_| wire::bytes(request, "aad"))?;
                Ok(json!(hex::encode(
                    member.send(&wire::bytes(request, "data")?, aad)?
                )))
            }
            "receive" => member.receive(&wire::bytes(request, "message")?),
            "state" => member.state(),
            "tree" => Ok(json!(member.tree()?)),
            other => Err(format!("unknown op {other}")),
        }
    }
}
