/**
 * Which of an account's KeyPackages to invite with.
 *
 * @module
 */
import { newerEvent } from "../nostr/mod.ts"
import { type LeafRequirement, satisfies } from "./leaf_profile.ts"
import type { PublishedKeyPackage } from "./validate.ts"

/**
 * Chooses among valid KeyPackages of one account: of each slot the newest event, then those that satisfy
 * the group, then those that are not last resort, then the freshest, then the lowest reference.
 *
 * @param candidates from {@link validateKeyPackageEvent}; order does not matter
 * @returns the choice, or why there is none: nothing published, or nothing that fits the group
 */
export function chooseKeyPackage(
  candidates: Iterable<PublishedKeyPackage>,
  requirement: LeafRequirement,
): PublishedKeyPackage | "none" | "incompatible" {
  const slots = new Map<string, PublishedKeyPackage>()
  for (const candidate of candidates) {
    const other = slots.get(candidate.slot)
    slots.set(candidate.slot, other === undefined ? candidate : newest(candidate, other))
  }
  if (slots.size === 0) return "none"
  const fitting = [...slots.values()].filter((candidate) => satisfies(candidate, requirement))
  return fitting.sort(preference)[0] ?? "incompatible"
}

const newest = (a: PublishedKeyPackage, b: PublishedKeyPackage): PublishedKeyPackage => {
  const kept = newerEvent(
    { created_at: a.createdAt, id: a.eventId },
    { created_at: b.createdAt, id: b.eventId },
  )
  return kept.id === a.eventId ? a : b
}

const preference = (a: PublishedKeyPackage, b: PublishedKeyPackage): number => {
  if (a.lastResort !== b.lastResort) return a.lastResort ? 1 : -1
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt
  return a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0
}
