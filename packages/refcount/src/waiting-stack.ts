/**
 * The waiting stack: objects that have no reference left, and whose turn to die has not come.
 *
 * Each holds a count of 1, the counter's own, so that to everyone else it is an object like any other: a finalizer of
 * another one may find it, a collection that starts meanwhile finds it alive, and `verify()` can account for it.
 *
 * It stands in the host's memory, not in the heap's: it is empty whenever nothing is going on, so it is no fact of the
 * heap, and dying must not need memory of the heap that is full.
 */

const FIRST_CAPACITY = 256;

/** So many entries are kept from one death to the next; a longer array goes back to the host. */
const KEPT_CAPACITY = 65_536;

/** A stack of references. Plain fields, for the loops that run over every dying object. */
export interface WaitingStack {
  /** The references; only the first {@link WaitingStack.length} count. Another array after a `push`. */
  refs: Int32Array;
  /** How many wait. */
  length: number;
  /** Adds a reference on top. */
  push(ref: number): void;
  /** Takes one out from wherever it stands. */
  removeAt(place: number): void;
  /** Gives memory back when the stack is empty. */
  trim(): void;
  /** Forgets all. */
  clear(): void;
}

/** Makes an empty stack. */
export function createWaitingStack(): WaitingStack {
  const stack: WaitingStack = {
    refs: new Int32Array(FIRST_CAPACITY),
    length: 0,

    push(ref) {
      const place = stack.length;
      if (place === stack.refs.length) grow();
      stack.refs[place] = ref;
      stack.length = place + 1;
    },

    removeAt(place) {
      stack.refs.copyWithin(place, place + 1, stack.length);
      stack.length--;
    },

    trim() {
      if (stack.length === 0 && stack.refs.length > KEPT_CAPACITY)
        stack.refs = new Int32Array(FIRST_CAPACITY);
    },

    clear() {
      stack.length = 0;
      stack.trim();
    },
  };

  function grow(): void {
    const longer = new Int32Array(2 * stack.refs.length);
    longer.set(stack.refs);
    stack.refs = longer;
  }

  return stack;
}
