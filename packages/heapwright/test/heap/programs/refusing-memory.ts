/** A memory that refuses pages when a test says so. */
import { createMemory, type Memory } from "@heapwright/core";

export interface RefusingMemory {
  readonly memory: Memory;
  /** How often pages were asked for. */
  asked(): number;
  /** Refuses what is asked for from now on, or no more. */
  refuse(isRefusing: boolean): void;
}

/**
 * @param first - number of the first request to refuse, from 1 on; 0: none
 * @param count - how many in a row
 */
export function refusingMemory(maxBytes: number, first = 0, count = 1): RefusingMemory {
  const memory = createMemory({ memory: new ArrayBuffer(maxBytes) });
  let asked = 0;
  let isRefusing = false;
  const isRefused = (): boolean => {
    asked++;
    return isRefusing || (first > 0 && asked >= first && asked < first + count);
  };
  return {
    memory: {
      ...memory,
      reserve: (...request) => (isRefused() ? 0 : memory.reserve(...request)),
      reserveZeroed: (...request) => (isRefused() ? 0 : memory.reserveZeroed(...request)),
    },
    asked: () => asked,
    refuse(refusing) {
      isRefusing = refusing;
    },
  };
}
