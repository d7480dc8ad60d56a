/** What random programs do: a name and three numbers, whose meaning depends on what there is when it is done. */
import fc from "fast-check";

const WEIGHTS = {
  create: 12,
  ring: 10,
  set: 14,
  append: 6,
  crowd: 2,
  replaceItem: 3,
  truncate: 4,
  reserve: 2,
  weak: 8,
  own: 3,
  ownTarget: 3,
  escape: 2,
  enter: 3,
  leave: 5,
  pin: 4,
  unpin: 12,
  retain: 4,
  release: 2,
  immortalize: 1,
  untrack: 1,
  track: 1,
  collect: 6,
  trim: 1,
  place: 1,
  write: 2,
  disable: 1,
  threshold: 1,
  listen: 1,
  dropGarbage: 1,
  end: 1,
  fail: 1,
  misuse: 2,
} as const;

export type OperationName = keyof typeof WEIGHTS;

export interface Operation {
  readonly what: OperationName;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface Program {
  /** What the program does itself. */
  readonly steps: readonly Operation[];
  /** What finalizers, callbacks and listeners do; which does what is decided by number. */
  readonly userCode: readonly (readonly Operation[])[];
}

const number = fc.nat({ max: 9999 });

const operation: fc.Arbitrary<Operation> = fc.record({
  what: fc.oneof(
    ...Object.entries(WEIGHTS).map(([name, weight]) => ({
      weight,
      arbitrary: fc.constant(name as OperationName),
    })),
  ),
  a: number,
  b: number,
  c: number,
});

/** Programs of half so many steps to so many. */
export function programs(steps: number): fc.Arbitrary<Program> {
  const userCode = fc.array(fc.array(operation, { maxLength: 6, size: "max" }), {
    minLength: 1,
    maxLength: 8,
  });
  return fc.record({
    steps: fc.array(operation, { minLength: steps >> 1, maxLength: steps, size: "max" }),
    userCode,
  });
}
