/**
 * Memory blocks in linear memory, as CPython hands them out: arenas, pools and
 * blocks, over any buffer.
 *
 * @packageDocumentation
 */

export {
  attachPymalloc,
  createPymalloc,
  pymalloc,
  type Pymalloc,
  type PymallocOptions,
  type PymallocPluginOptions,
} from "./pymalloc.js";
export type { ArenaBytes, PymallocStats, SizeClassStats } from "./pymalloc-stats.js";
export type { BlockLocation, LargeLocation, PoolLocation } from "./locate.js";
export {
  PRESETS,
  type ArenaAlignment,
  type Geometry,
  type GeometryOptions,
  type PymallocPreset,
} from "./geometry.js";
export { attachBump, createBump, bump, type Bump } from "./bump.js";
export { SMALL_REQUEST_MAX } from "./layout.js";
export { SIZE_CLASS_COUNT, blockBytesOf, sizeClassOf } from "./size-classes.js";
