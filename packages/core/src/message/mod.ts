/**
 * Inner application events, their kinds, and the timeline that they make.
 *
 * @module
 */
export * from "./inner_event.ts"
export * from "./message_body.ts"
export * from "./message_content.ts"
export * from "./message_kind.ts"
export * from "./relation.ts"
export * from "./system_row.ts"
export * from "./timeline.ts"
