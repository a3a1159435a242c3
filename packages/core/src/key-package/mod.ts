/**
 * KeyPackages: building, validating, choosing, rotating.
 *
 * @module
 */
export {
  buildKeyPackage,
  type BuildKeyPackageInput,
  createKeyPackage,
  type CreateKeyPackageInput,
  keyPackageLifetime,
  ownKeyPackageTemplate,
} from "./build.ts"
export * from "./choose.ts"
export {
  KeyPackageError,
  type KeyPackageErrorFields,
  type KeyPackageErrorReason,
} from "./key_package_error.ts"
export * from "./leaf_profile.ts"
export * from "./rotation.ts"
export * from "./validate.ts"
