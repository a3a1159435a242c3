//! One member: its key store, its signature key and its copy of the group.

use openmls::component::ComponentData;
use openmls::prelude::{tls_codec::*, *};
use openmls::schedule::PreSharedKeyId;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde_json::{json, Value};

use crate::wire::{self, text, Answer, SUITE};

pub struct PeerMember {
    pub provider: OpenMlsRustCrypto,
    pub signer: SignatureKeyPair,
    // The key that a commit under way would bring into force.
    next_signer: Option<SignatureKeyPair>,
    identity: Vec<u8>,
    private_handshakes: bool,
    pub group: Option<MlsGroup>,
}

pub fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&[SUITE]),
        Some(&[
            ExtensionType::AppDataDictionary,
            ExtensionType::Unknown(0xff01),
        ]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        None,
    )
}

pub fn join_config(private_handshakes: bool) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(if private_handshakes {
            MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY
        } else {
            MIXED_PLAINTEXT_WIRE_FORMAT_POLICY
        })
        .use_ratchet_tree_extension(true)
        .max_past_epochs(5)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(100, 1000))
        .build()
}

pub fn new_signer() -> Answer<SignatureKeyPair> {
    SignatureKeyPair::new(SUITE.signature_algorithm()).map_err(text)
}

impl PeerMember {
    pub fn new(identity: Vec<u8>, private_handshakes: bool) -> Answer<Self> {
        let provider = OpenMlsRustCrypto::default();
        let signer = new_signer()?;
        signer.store(provider.storage()).map_err(text)?;
        Ok(Self {
            provider,
            signer,
            next_signer: None,
            identity,
            private_handshakes,
            group: None,
        })
    }

    pub fn group(&mut self) -> Answer<&mut MlsGroup> {
        self.group
            .as_mut()
            .ok_or_else(|| "member has no group".into())
    }

    pub fn credential(&self, signer: &SignatureKeyPair) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.identity.clone()).into(),
            signature_key: signer.public().into(),
        }
    }

    pub fn key_package(&self) -> Answer<KeyPackage> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(
                SUITE,
                &self.provider,
                &self.signer,
                self.credential(&self.signer),
            )
            .map_err(text)?;
        Ok(bundle.key_package().clone())
    }

    pub fn key_package_message(&self) -> Answer<String> {
        let message = MlsMessageOut::from(self.key_package()?);
        Ok(hex::encode(message.tls_serialize_detached().map_err(text)?))
    }

    pub fn create(&mut self, group_id: &[u8], extensions: Vec<Extension>) -> Answer<()> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .wire_format_policy(join_config(self.private_handshakes).wire_format_policy())
            .use_ratchet_tree_extension(true)
            .max_past_epochs(5)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(100, 1000))
            .with_group_context_extensions(Extensions::from_vec(extensions).map_err(text)?)
            .build();
        let group = MlsGroup::new_with_group_id(
            &self.provider,
            &self.signer,
            &config,
            GroupId::from_slice(group_id),
            self.credential(&self.signer),
        )
        .map_err(text)?;
        self.group = Some(group);
        Ok(())
    }

    pub fn join(&mut self, welcome: &[u8], tree: Option<Vec<u8>>) -> Answer<()> {
        let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(text)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err("not a welcome".into());
        };
        let tree = tree
            .map(|bytes| RatchetTreeIn::tls_deserialize_exact(bytes).map_err(text))
            .transpose()?;
        let config = join_config(self.private_handshakes);
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, tree)
            .map_err(text)?;
        self.group = Some(staged.into_group(&self.provider).map_err(text)?);
        Ok(())
    }

    pub fn store_psk(&mut self, id: Vec<u8>, psk: &[u8]) -> Answer<()> {
        PreSharedKeyId::external(id, vec![0; 32])
            .store(&self.provider, psk)
            .map_err(text)
    }

    pub fn send(&mut self, data: &[u8], aad: Vec<u8>) -> Answer<Vec<u8>> {
        let Self {
            provider,
            signer,
            group,
            ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        group.set_aad(aad);
        let message = group.create_message(provider, signer, data).map_err(text)?;
        message.tls_serialize_detached().map_err(text)
    }

    pub fn propose(&mut self, request: &Value) -> Answer<Vec<u8>> {
        let Self {
            provider,
            signer,
            group,
            ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        let message = match wire::string(request, "type")? {
            "add" => {
                let added = wire::key_package(request, "key_package", provider.crypto())?;
                group
                    .propose_add_member(provider, signer, &added)
                    .map_err(text)?
                    .0
            }
            "remove" => {
                let leaf = LeafNodeIndex::new(wire::number(request, "leaf")? as u32);
                group
                    .propose_remove_member(provider, signer, leaf)
                    .map_err(text)?
                    .0
            }
            "update" => {
                let unchanged = LeafNodeParameters::default();
                group
                    .propose_self_update(provider, signer, unchanged)
                    .map_err(text)?
                    .0
            }
            "group_context_extensions" => {
                let list = wire::extensions(request, "extensions")?;
                let list = Extensions::from_vec(list).map_err(text)?;
                group
                    .propose_group_context_extensions(provider, list, signer)
                    .map_err(text)?
                    .0
            }
            "app_data_update" => {
                let update = wire::app_data(request)?;
                let (id, operation) = (update.component_id(), update.operation().clone());
                group
                    .propose_app_data_update(provider, signer, id, operation)
                    .map_err(text)?
                    .0
            }
            "psk" => {
                let id = wire::external_psk(request, provider.rand())?;
                group
                    .propose_external_psk(provider, signer, id)
                    .map_err(text)?
                    .0
            }
            "self_remove" => group
                .leave_group_via_self_remove(provider, signer)
                .map_err(text)?,
            other => return Err(format!("unknown proposal {other}")),
        };
        message.tls_serialize_detached().map_err(text)
    }

    /// Makes a commit and keeps it pending: `merge` or `clear` must follow.
    pub fn commit(&mut self, request: &Value) -> Answer<Value> {
        let next_signer = wire::flag(request, "new_signer")
            .then(new_signer)
            .transpose()?;
        let next_credential = next_signer.as_ref().map(|next| self.credential(next));
        let Self {
            provider,
            signer,
            group,
            ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        group.set_aad(
            request
                .get("aad")
                .map_or(Ok(vec![]), |_| wire::bytes(request, "aad"))?,
        );
        let mut builder = group
            .commit_builder()
            .consume_proposal_store(wire::flag(request, "pending"))
            .force_self_update(wire::flag(request, "path"));
        if let Some(extensions) = request.get("leaf_extensions") {
            let list = wire::extensions(&json!({ "list": extensions }), "list")?;
            builder = builder.leaf_node_parameters(
                LeafNodeParameters::builder()
                    .with_extensions(Extensions::from_vec(list).map_err(text)?)
                    .build(),
            );
        }
        for proposal in wire::list(request, "proposals")? {
            builder = match wire::string(proposal, "type")? {
                "add" => builder.propose_adds([wire::key_package(
                    proposal,
                    "key_package",
                    provider.crypto(),
                )?]),
                "remove" => builder
                    .propose_removals([LeafNodeIndex::new(wire::number(proposal, "leaf")? as u32)]),
                "group_context_extensions" => {
                    let list = wire::extensions(proposal, "extensions")?;
                    builder
                        .propose_group_context_extensions(Extensions::from_vec(list).map_err(text)?)
                        .map_err(text)?
                }
                "psk" => {
                    let id = wire::external_psk(proposal, provider.rand())?;
                    let id = PreSharedKeyProposal::new(id);
                    builder.add_proposal(Proposal::PreSharedKey(Box::new(id)))
                }
                "app_data_update" => builder
                    .add_proposal(Proposal::AppDataUpdate(Box::new(wire::app_data(proposal)?))),
                other => return Err(format!("unknown proposal {other}")),
            };
        }
        let mut loaded = builder
            .load_psks(provider.storage())
            .map_err(text)?
            .use_ratchet_tree_extension(!wire::flag(request, "tree_beside"));
        let mut updater = loaded.app_data_dictionary_updater();
        let pending = wire::flag(request, "pending");
        let inline: Vec<_> = wire::list(request, "proposals")?
            .iter()
            .filter(|p| p.get("type").and_then(Value::as_str) == Some("app_data_update"))
            .map(wire::app_data)
            .collect::<Answer<_>>()?;
        let updates: Vec<_> = if pending {
            loaded.app_data_update_proposals().cloned().collect()
        } else {
            inline
        };
        for update in updates {
            apply(&mut updater, &update);
        }
        let changes = updater.changes();
        loaded.with_app_data_dictionary_updates(changes);
        let (rand, crypto) = (provider.rand(), provider.crypto());
        let built = match (&next_signer, next_credential) {
            (Some(next), Some(credential_with_key)) => loaded.build_with_new_signer(
                rand,
                crypto,
                signer,
                NewSignerBundle {
                    signer: next,
                    credential_with_key,
                },
                |_| true,
            ),
            _ => loaded.build(rand, crypto, signer, |_| true),
        };
        let bundle = built.map_err(text)?.stage_commit(provider).map_err(text)?;
        let (commit, welcome, _) = bundle.into_messages();
        self.next_signer = next_signer;
        let encode = |message: MlsMessageOut| -> Answer<String> {
            Ok(hex::encode(message.tls_serialize_detached().map_err(text)?))
        };
        Ok(json!({ "commit": encode(commit)?, "welcome": welcome.map(encode).transpose()? }))
    }

    pub fn merge(&mut self) -> Answer<()> {
        let Self {
            provider, group, ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        group.merge_pending_commit(provider).map_err(text)?;
        if let Some(next) = self.next_signer.take() {
            next.store(self.provider.storage()).map_err(text)?;
            self.signer = next;
        }
        Ok(())
    }

    pub fn clear(&mut self) -> Answer<()> {
        self.next_signer = None;
        let Self {
            provider, group, ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        group.clear_pending_commit(provider.storage()).map_err(text)
    }

    /// Processes a message; a commit is adopted at once.
    pub fn receive(&mut self, message: &[u8]) -> Answer<Value> {
        let message = MlsMessageIn::tls_deserialize_exact(message).map_err(text)?;
        let message = message.try_into_protocol_message().map_err(text)?;
        let Self {
            provider, group, ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        let processed = if message.content_type() == ContentType::Application {
            group.process_message(provider, message).map_err(text)?
        } else {
            let unverified = group.unprotect_message(provider, message).map_err(text)?;
            let updates = committed_updates(group, provider, &unverified)?;
            group
                .process_unverified_message_with_app_data_updates(provider, unverified, updates)
                .map_err(text)?
        };
        let sender = match processed.sender() {
            Sender::Member(leaf) => Some(leaf.u32()),
            _ => None,
        };
        let aad = hex::encode(processed.aad());
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(data) => Ok(json!({
                "kind": "application", "data": hex::encode(data.into_bytes()), "sender": sender, "aad": aad,
            })),
            ProcessedMessageContent::ProposalMessage(proposal) => {
                group
                    .store_pending_proposal(provider.storage(), *proposal)
                    .map_err(text)?;
                Ok(json!({ "kind": "proposal", "sender": sender }))
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let removed = staged.self_removed();
                group.merge_staged_commit(provider, *staged).map_err(text)?;
                Ok(json!({ "kind": "commit", "sender": sender, "removed": removed }))
            }
            _ => Err("unexpected content".into()),
        }
    }

    pub fn state(&mut self) -> Answer<Value> {
        let Self {
            provider,
            signer,
            group,
            ..
        } = self;
        let group = group.as_mut().ok_or("member has no group")?;
        // The one public way to the GroupContext: a GroupInfo starts with it, after four bytes that
        // make it a message.
        let info = group
            .export_group_info(provider.crypto(), signer, false)
            .map_err(text)?;
        let info = info.tls_serialize_detached().map_err(text)?;
        let context = GroupContext::tls_deserialize(&mut &info[4..]).map_err(text)?;
        let members: Vec<Value> = group
            .members()
            .map(|member| {
                json!([
                    member.index.u32(),
                    hex::encode(member.credential.serialized_content())
                ])
            })
            .collect();
        let exported = group
            .export_secret(provider.crypto(), "group-event", b"group-event", 32)
            .map_err(text)?;
        Ok(json!({
            "epoch": group.epoch().as_u64(),
            "epoch_authenticator": hex::encode(group.epoch_authenticator().as_slice()),
            "tree_hash": hex::encode(context.tree_hash()),
            "group_context": hex::encode(context.tls_serialize_detached().map_err(text)?),
            "exporter_secret": hex::encode(exported),
            "own_leaf": group.own_leaf_index().u32(),
            "members": members,
        }))
    }

    pub fn tree(&mut self) -> Answer<String> {
        let tree = self.group()?.export_ratchet_tree();
        Ok(hex::encode(tree.tls_serialize_detached().map_err(text)?))
    }
}

fn apply(updater: &mut AppDataDictionaryUpdater<'_>, update: &AppDataUpdateProposal) {
    match update.operation() {
        AppDataUpdateOperation::Update(data) => {
            updater.set(ComponentData::from_parts(
                update.component_id(),
                data.clone(),
            ));
        }
        AppDataUpdateOperation::Remove => updater.remove(&update.component_id()),
    }
}

// OpenMLS leaves it to the application to find out what a commit does to the dictionary.
fn committed_updates(
    group: &MlsGroup,
    provider: &OpenMlsRustCrypto,
    unverified: &UnverifiedMessage,
) -> Answer<Option<AppDataUpdates>> {
    let mut updater = group.app_data_dictionary_updater();
    for proposal in unverified.committed_proposals().unwrap_or_default() {
        let validated = proposal
            .clone()
            .validate(provider.crypto(), SUITE, ProtocolVersion::Mls10)
            .map_err(text)?;
        let proposal = match validated {
            ProposalOrRef::Proposal(proposal) => Some(*proposal),
            ProposalOrRef::Reference(reference) => group
                .proposal_store()
                .proposals()
                .find(|queued| queued.proposal_reference_ref() == &*reference)
                .map(|queued| queued.proposal().clone()),
        };
        if let Some(Proposal::AppDataUpdate(update)) = proposal {
            apply(&mut updater, &update);
        }
    }
    Ok(updater.changes())
}
