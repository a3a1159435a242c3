/**
 * Everything that this project takes from ts-mls, and the only file that imports it. The version is
 * pinned and a test pins the signatures.
 *
 * Its tree arithmetic is synchronous, total on valid input and free of state, so it is used as it
 * is. Its codecs accept encodings that are not canonical and return windows on their input, its
 * cryptography is asynchronous, and its group operations disagree with OpenMLS in ordinary groups:
 * those are our own.
 *
 * @module
 */
export {
  copath,
  directPath,
  leafToNodeIndex,
  left,
  nodeWidth,
  parent,
  right,
  root,
  toLeafIndex,
  toNodeIndex,
} from "ts-mls/treemath.js"
