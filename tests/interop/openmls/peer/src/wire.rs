//! Between JSON and OpenMLS: hexadecimal, extension lists, proposals.

use openmls::prelude::{tls_codec::*, *};
use openmls::schedule::PreSharedKeyId;
use openmls_traits::types::Ciphersuite;
use serde_json::Value;

pub type Answer<T> = Result<T, String>;

pub const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// Turns any error into the text that the driver sees.
pub fn text<E: std::fmt::Debug>(error: E) -> String {
    format!("{error:?}")
}

pub fn field<'a>(value: &'a Value, name: &str) -> Answer<&'a Value> {
    value
        .get(name)
        .ok_or_else(|| format!("missing field {name}"))
}

pub fn string<'a>(value: &'a Value, name: &str) -> Answer<&'a str> {
    field(value, name)?
        .as_str()
        .ok_or_else(|| format!("{name} is no text"))
}

pub fn number(value: &Value, name: &str) -> Answer<u64> {
    field(value, name)?
        .as_u64()
        .ok_or_else(|| format!("{name} is no number"))
}

pub fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

pub fn bytes(value: &Value, name: &str) -> Answer<Vec<u8>> {
    hex::decode(string(value, name)?).map_err(text)
}

pub fn list<'a>(value: &'a Value, name: &str) -> Answer<&'a Vec<Value>> {
    field(value, name)?
        .as_array()
        .ok_or_else(|| format!("{name} is no list"))
}

/// `[[type, "hex"], …]` as OpenMLS extensions.
pub fn extensions(value: &Value, name: &str) -> Answer<Vec<Extension>> {
    list(value, name)?
        .iter()
        .map(|entry| {
            let kind = entry
                .get(0)
                .and_then(Value::as_u64)
                .ok_or("extension without type")?;
            let data = entry
                .get(1)
                .and_then(Value::as_str)
                .ok_or("extension without data")?;
            let data = VLBytes::new(hex::decode(data).map_err(text)?);
            let mut encoded = (kind as u16).to_be_bytes().to_vec();
            data.tls_serialize(&mut encoded).map_err(text)?;
            Extension::tls_deserialize_exact(&encoded).map_err(text)
        })
        .collect()
}

pub fn key_package(value: &Value, name: &str, crypto: &impl OpenMlsCrypto) -> Answer<KeyPackage> {
    let message = MlsMessageIn::tls_deserialize_exact(bytes(value, name)?).map_err(text)?;
    match message.extract() {
        MlsMessageBodyIn::KeyPackage(incoming) => incoming
            .validate(crypto, ProtocolVersion::Mls10)
            .map_err(text),
        _ => Err("not a key package".into()),
    }
}

pub fn app_data(value: &Value) -> Answer<AppDataUpdateProposal> {
    let component = number(value, "component")? as u16;
    Ok(match field(value, "data")?.as_str() {
        Some(data) => AppDataUpdateProposal::update(component, hex::decode(data).map_err(text)?),
        None => AppDataUpdateProposal::remove(component),
    })
}

/// An external PSK by its `psk_id`, with a fresh nonce.
pub fn external_psk(value: &Value, rand: &impl OpenMlsRand) -> Answer<PreSharedKeyId> {
    let nonce = rand.random_vec(32).map_err(text)?;
    Ok(PreSharedKeyId::external(bytes(value, "psk_id")?, nonce))
}
