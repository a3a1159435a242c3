/**
 * Names of things that must not reach a log line, a span, an error or a report, and where in a
 * syntax tree they stand.
 *
 * @module
 */

/** Variables, members and keys whose values identify a person or a group, or open something. */
export const SENSITIVE: RegExp =
  /(group_?id|pub_?key|priv(ate)?_?key|secret|nsec|npub|seed(?!ed)|plaintext|content(?!_?(length|type)s?$)|event_?id|message_?id|password|passphrase|exporter)/i

/** Lengths and counts of sensitive things may be shown. */
const HARMLESS_MEMBERS = /^(length|size|byteLength|_tag|reason)$/

/** Calls behind which a value is hidden from every printer. */
const HIDING = /^(Redacted\.make|redact\w*|hide\w*)$/

/** `a.b` of a call `a.b(...)`, `f` of `f(...)`, otherwise empty. */
export function calleeName(node: Deno.lint.CallExpression | Deno.lint.NewExpression): string {
  const { callee } = node
  if (callee.type === "Identifier") return callee.name
  return callee.type === "MemberExpression" && callee.object.type === "Identifier" &&
      callee.property.type === "Identifier"
    ? `${callee.object.name}.${callee.property.name}`
    : ""
}

/** Calls `found` for every sensitive name whose value an expression would show. */
export function sensitiveNames(
  root: Deno.lint.Node,
  found: (node: Deno.lint.Node, name: string) => void,
): void {
  const walk = (n: Deno.lint.Node | null): void => {
    if (n === null) return
    switch (n.type) {
      case "Identifier":
        if (SENSITIVE.test(n.name)) found(n, n.name)
        return
      case "MemberExpression":
        if (n.property.type === "Identifier") {
          if (HARMLESS_MEMBERS.test(n.property.name)) return
          if (SENSITIVE.test(n.property.name)) return found(n.property, n.property.name)
        }
        return walk(n.object)
      case "Property":
        if (n.key.type === "Identifier" && SENSITIVE.test(n.key.name)) {
          if (n.value.type === "CallExpression" && HIDING.test(calleeName(n.value))) return
          if (n.value.type === "Literal") return
          return found(n.key, n.key.name)
        }
        return walk(n.value)
      case "CallExpression":
        if (!HIDING.test(calleeName(n))) n.arguments.forEach(walk)
        return
      case "ObjectExpression":
        return n.properties.forEach(walk)
      case "ArrayExpression":
        return n.elements.forEach(walk)
      case "SpreadElement":
        return walk(n.argument)
      case "TemplateLiteral":
        return n.expressions.forEach(walk)
      case "BinaryExpression":
        walk(n.left)
        return walk(n.right)
      case "LogicalExpression":
        walk(n.left)
        return walk(n.right)
      case "ConditionalExpression":
        walk(n.consequent)
        return walk(n.alternate)
      case "AwaitExpression":
        return walk(n.argument)
    }
  }
  walk(root)
}
