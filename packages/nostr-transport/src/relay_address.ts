/**
 * Which relay addresses this transport dials.
 *
 * Addresses come from other people's relay lists: without a check a stranger could make a client
 * talk to services inside its own network.
 *
 * @module
 */

/** Longest address in UTF-8 bytes. */
export const maxAddressBytes = 512

/**
 * Checks an address.
 *
 * Accepted: `ws:` or `wss:` with a host, without user name, password and fragment, of at most 512
 * bytes. Loopback, link-local and private addresses, `localhost` and `.local` names are refused
 * unless `allowPrivate` is set. Names are not resolved: a public name that points into a private
 * network is the network's own business.
 *
 * @returns the address in normal form (lower-case host, no default port), without the slash that a
 * bare host would get; `undefined` when it is refused
 */
export function relayAddress(address: string, allowPrivate: boolean): string | undefined {
  if (new TextEncoder().encode(address).length > maxAddressBytes) return undefined
  // URL repairs much (missing and surplus slashes, spaces): what needs repair is no address.
  if (!/^wss?:\/\/[^\s\\/]+([/?]\S*)?$/i.test(address) || !URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.hostname === "" || url.username !== "" || url.password !== "") return undefined
  if (url.hash !== "" || address.includes("#")) return undefined
  if (!allowPrivate && isPrivateHost(url.hostname)) return undefined
  return url.pathname === "/" && url.search === "" ? url.href.slice(0, -1) : url.href
}

/** True for host names and literals that only mean something inside one machine or network. */
export function isPrivateHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "")
  if (name === "localhost" || /\.(localhost|local|internal|home\.arpa)$/.test(name)) return true
  if (name.startsWith("[")) return isPrivateIpv6(name.slice(1, -1))
  const octets = name.split(".").map(Number)
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return false
  return isPrivateIpv4(octets)
}

function isPrivateIpv4([a = 0, b = 0]: ReadonlyArray<number>): boolean {
  return a === 0 || a === 10 || a === 127 || a >= 224 ||
    (a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 198 && (b & ~1) === 18)
}

// URL writes IPv6 literals in the shortest form, IPv4-mapped ones as `::ffff:7f00:1`.
function isPrivateIpv6(literal: string): boolean {
  const mapped = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(literal)
  if (mapped !== null) {
    const high = parseInt(mapped[1] ?? "0", 16)
    return isPrivateIpv4([high >> 8, high & 255])
  }
  if (literal === "::" || literal === "::1") return true
  const first = parseInt(literal.split(":")[0] || "0", 16)
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || (first & 0xff00) === 0xff00
}
