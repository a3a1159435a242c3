//! Times of single operations, measured inside the process so that the pipe costs nothing.
//!
//! `bench_setup {size}` builds a group whose tree was warmed by up to 16 evenly spaced members;
//! `bench_run {what, count}` repeats one operation and answers with a list of microseconds. After a
//! run the group has the size that it had before.

use std::time::Instant;

use openmls::prelude::{tls_codec::*, *};
use serde_json::json;

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

fn commit(
    member: &mut PeerMember,
    request: serde_json::Value,
) -> Answer<(Vec<u8>, Option<Vec<u8>>)> {
    let made = member.commit(&request)?;
    let decode = |name: &str| made.get(name).and_then(|v| v.as_str()).map(hex::decode);
    let commit = decode("commit").ok_or("no commit")?.map_err(text)?;
    Ok((commit, decode("welcome").transpose().map_err(text)?))
}

fn add_request(members: &[&PeerMember]) -> Answer<serde_json::Value> {
    let proposals = members
        .iter()
        .map(|m| Ok(json!({ "type": "add", "key_package": m.key_package_message()? })))
        .collect::<Answer<Vec<_>>>()?;
    Ok(json!({ "proposals": proposals }))
}

impl Bench {
    pub fn new(size: usize) -> Answer<Self> {
        let mut alice = PeerMember::new(vec![0; 32], false)?;
        alice.create(&[9; 32], vec![])?;
        let mut others = (1..size)
            .map(|i| PeerMember::new((i as u32).to_be_bytes().repeat(8), false))
            .collect::<Answer<Vec<_>>>()?;
        let request = add_request(&others.iter().collect::<Vec<_>>())?;
        let (_, welcome) = commit(&mut alice, request)?;
        alice.merge()?;
        let welcome = welcome.ok_or("no welcome")?;

        // Spaced evenly; the last one is in the other half of the tree and stays as the receiver.
        let warm = size.min(16);
        let mut chosen: Vec<usize> = (1..warm).map(|i| i * size / warm).collect();
        if chosen.is_empty() {
            chosen.push(1);
        }
        for leaf in &chosen {
            others[leaf - 1].join(&welcome, None)?;
        }
        for index in 0..chosen.len() {
            let (message, _) = commit(
                &mut others[chosen[index] - 1],
                json!({ "proposals": [], "path": true }),
            )?;
            others[chosen[index] - 1].merge()?;
            alice.receive(&message)?;
            for (other, leaf) in chosen.iter().enumerate() {
                if other != index {
                    others[leaf - 1].receive(&message)?;
                }
            }
        }
        let receiver = chosen[chosen.len() - 1] - 1;
        let mut bench = Self {
            size,
            alice,
            bob: others.swap_remove(receiver),
        };
        bench.update_both()?;
        Ok(bench)
    }

    fn update_both(&mut self) -> Answer<()> {
        let (message, _) = commit(&mut self.alice, json!({ "proposals": [], "path": true }))?;
        self.alice.merge()?;
        self.bob.receive(&message).map(|_| ())
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
                self.alice.send(&DATA, vec![])?;
                let time = micros(start);
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
