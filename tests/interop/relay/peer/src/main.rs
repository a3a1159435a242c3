//! A relay by somebody else, on loopback, for the interoperability tests of the transport.
//!
//! `relay-peer [--auth] [--guard]` prints its address on one line and ends when its standard input
//! does. `--auth` wants authentication for reading and writing, `--guard` keeps gift wraps for their
//! recipients.

use std::net::{IpAddr, Ipv4Addr};

use nostr_relay_builder::prelude::*;
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut builder = RelayBuilder::default()
        .addr(IpAddr::V4(Ipv4Addr::LOCALHOST))
        .rate_limit(RateLimit {
            max_reqs: 500,
            notes_per_minute: 1_000_000,
        });
    for argument in std::env::args().skip(1) {
        builder = match argument.as_str() {
            "--auth" => builder.nip42(RelayBuilderNip42 {
                mode: RelayBuilderNip42Mode::Both,
            }),
            "--guard" => builder.auth_dm(true),
            other => return Err(format!("unknown argument: {other}").into()),
        };
    }
    let relay = LocalRelay::new(builder);
    relay.run().await?;
    println!("{}", relay.url().await);
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    Ok(())
}
