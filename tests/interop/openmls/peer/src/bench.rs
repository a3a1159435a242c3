//! Times of single operations, measured inside the process so that the pipe costs nothing.
//!
//! `bench_setup {size, warm}` builds a group in which the members of the leaves `warm` made one path
//! each; leaf 0 is among them and the last one is the receiver. It answers with the times of the
//! first path. `bench_run {what, count}` repeats one operation and answers with a list of
//! microseconds. After a run the group has the size that it had before.

use std::time::Instant;

use openmls::prelude::{tls_codec::*, *};
use serde_json::{json, Value};

use crate::member::{join_config, PeerMember};
use crate::wire::{text, Answer};

pub struct Bench {
    size: usize,
    alice: PeerMember,
    bob: PeerMember,
}

const DATA: [u8; 200] = [7; 200];

fn micros(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64 / 1000.0
}

fn commit(member: &mut PeerMember, request: Value) -> Answer<(Vec<u8>, Option<Vec<u8>>)> {
    let made = member.commit(&request)?;
    let decode = |name: &str| made.get(name).and_then(|v| v.as_str()).map(hex::decode);
    let commit = decode("commit").ok_or("no commit")?.map_err(text)?;
    Ok((commit, decode("welcome").transpose().map_err(text)?))
}

fn add_request(members: &[&PeerMember]) -> Answer<Value> {
    let proposals = members
        .iter()
        .map(|m| Ok(json!({ "type": "add", "key_package": m.key_package_message()? })))
        .collect::<Answer<Vec<_>>>()?;
    Ok(json!({ "proposals": proposals }))
}

impl Bench {
    pub fn new(size: usize, warm: &[usize]) -> Answer<(Self, Value)> {
        let mut alice = PeerMember::new(vec![0; 32], false)?;
        alice.create(&[9; 32], vec![])?;
        let mut others = (1..size)
            .map(|i| PeerMember::new((i as u32).to_be_bytes().repeat(8), false))
            .collect::<Answer<Vec<_>>>()?;
        let request = add_request(&others.iter().collect::<Vec<_>>())?;
        let (_, welcome) = commit(&mut alice, request)?;
        alice.merge()?;
        let welcome = welcome.ok_or("no welcome")?;

        let mut members = vec![alice];
        for leaf in warm.iter().skip(1).rev() {
            let mut member = others.swap_remove(leaf - 1);
            member.join(&welcome, None)?;
            members.insert(1, member);
        }
        let mut cold = (0.0, 0.0);
        for index in 0..members.len() {
            let start = Instant::now();
            let (message, _) = commit(
                &mut members[index],
                json!({ "proposals": [], "path": true }),
            )?;
            let made = micros(start);
            members[index].merge()?;
            let mut processed = 0.0;
            for (other, member) in members.iter_mut().enumerate() {
                if other != index {
                    let start = Instant::now();
                    member.receive(&message)?;
                    processed = micros(start);
                }
            }
            if index == 0 {
                cold = (made, processed);
            }
        }
        let bob = members.pop().ok_or("no receiver")?;
        let alice = members.swap_remove(0);
        Ok((
            Self { size, alice, bob },
            json!({ "commit": cold.0, "process": cold.1 }),
        ))
    }

    pub fn run(&mut self, what: &str, count: usize) -> Answer<Vec<f64>> {
        (0..count).map(|_| self.once(what)).collect()
    }

    fn once(&mut self, what: &str) -> Answer<f64> {
        match what {
            "key_package" => {
                let member = PeerMember::new(vec![1; 32], false)?;
                let start = Instant::now();
                member.key_package()?;
                Ok(micros(start))
            }
            "create_group" => {
                let mut member = PeerMember::new(vec![1; 32], false)?;
                let start = Instant::now();
                member.create(&[8; 32], vec![])?;
                Ok(micros(start))
            }
            "seal" => {
                let start = Instant::now();
                let message = self.alice.send(&DATA, vec![])?;
                let time = micros(start);
                self.bob.receive(&message)?;
                Ok(time)
            }
            "open" => {
                let message = self.alice.send(&DATA, vec![])?;
                let start = Instant::now();
                self.bob.receive(&message)?;
                Ok(micros(start))
            }
            "update_create" => {
                let start = Instant::now();
                commit(&mut self.alice, json!({ "proposals": [], "path": true }))?;
                let time = micros(start);
                self.alice.clear()?;
                Ok(time)
            }
            "update_process" => {
                let (message, _) =
                    commit(&mut self.alice, json!({ "proposals": [], "path": true }))?;
                self.alice.merge()?;
                let start = Instant::now();
                self.bob.receive(&message)?;
                Ok(micros(start))
            }
            "add_create" => {
                let joiner = PeerMember::new(vec![2; 32], false)?;
                let request = add_request(&[&joiner])?;
                let start = Instant::now();
                commit(&mut self.alice, request)?;
                let time = micros(start);
                self.alice.clear()?;
                Ok(time)
            }
            "add_process" => {
                let joiner = PeerMember::new(vec![2; 32], false)?;
                let (message, _) = commit(&mut self.alice, add_request(&[&joiner])?)?;
                self.alice.merge()?;
                let start = Instant::now();
                self.bob.receive(&message)?;
                let time = micros(start);
                self.remove_last()?;
                Ok(time)
            }
            "join" => {
                let joiner = PeerMember::new(vec![2; 32], false)?;
                let (_, welcome) = commit(&mut self.alice, add_request(&[&joiner])?)?;
                self.alice.clear()?;
                let welcome = welcome.ok_or("no welcome")?;
                let start = Instant::now();
                let message = MlsMessageIn::tls_deserialize_exact(&welcome).map_err(text)?;
                let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
                    return Err("not a welcome".into());
                };
                StagedWelcome::new_from_welcome(
                    &joiner.provider,
                    &join_config(false),
                    welcome,
                    None,
                )
                .and_then(|staged| staged.into_group(&joiner.provider))
                .map_err(text)?;
                Ok(micros(start))
            }
            other => Err(format!("unknown operation {other}")),
        }
    }

    fn remove_last(&mut self) -> Answer<()> {
        let request = json!({ "proposals": [{ "type": "remove", "leaf": self.size }] });
        let (message, _) = commit(&mut self.alice, request)?;
        self.alice.merge()?;
        self.bob.receive(&message).map(|_| ())
    }
}
