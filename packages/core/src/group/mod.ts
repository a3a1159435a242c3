/**
 * The group engine: founding, joining, authorization, admission and the life of own commits, as pure
 * functions over explicit state.
 *
 * @module
 */
export * from "./adoption.ts"
export * from "./authorization.ts"
export * from "./collections.ts"
export * from "./founding.ts"
export * from "./group_profile.ts"
export * from "./group_rows.ts"
export * from "./group_state.ts"
export * from "./group_view.ts"
export * from "./inbound.ts"
export * from "./invariants.ts"
export * from "./joining.ts"
export * from "./leaf_check.ts"
export * from "./outer_layer.ts"
export * from "./own_commit.ts"
export * from "./record.ts"
export * from "./requirement.ts"
export { GroupRefusal, type RefusalFields, type RefusalReason } from "./refusal.ts"
export * from "./same_second.ts"
export * from "./sending.ts"
export * from "./state_change.ts"
export * from "./step.ts"
