//! An OpenMLS member, or many of them, that obeys one JSON request a line and answers with one JSON
//! line: `{"ok": …}` or `{"error": "…"}`. The protocol of the requests is in `requests.rs`.

mod bench;
mod member;
mod requests;
mod wire;

use std::io::{self, BufRead, Write};

use serde_json::{json, Value};

fn main() {
    let mut world = requests::World::default();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let answer = match serde_json::from_str::<Value>(&line) {
            Ok(request) => match world.handle(&request) {
                Ok(value) => json!({ "ok": value }),
                Err(error) => json!({ "error": error }),
            },
            Err(error) => json!({ "error": format!("request: {error}") }),
        };
        if writeln!(out, "{answer}")
            .and_then(|()| out.flush())
            .is_err()
        {
            break;
        }
    }
}
