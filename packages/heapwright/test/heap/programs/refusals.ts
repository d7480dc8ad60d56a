/** Programs whose memory refuses one request for pages, or several in a row, at every place where it is asked. */
import { HeapwrightError } from "@heapwright/core";

import { expectThat } from "./checks.js";
import { Machine } from "./machine.js";
import type { Program } from "./operations.js";
import type { Plan } from "./plans.js";
import { refusingMemory } from "./refusing-memory.js";

const MEMORY_BYTES = 1 << 20;

/** Plays a program once for each request of its memory. Returns how many there were. */
export function playWithEveryRefusal(plan: Plan, program: Program, inARow: number): number {
  for (let refused = 1; ; refused++) {
    const { memory, asked } = refusingMemory(MEMORY_BYTES, refused, inARow);
    const before = memory.usage().takenBytes;
    let machine: Machine;
    try {
      machine = new Machine(plan, program, memory);
    } catch (error) {
      const isExpected =
        HeapwrightError.is(error, "ERR_BUFFER_TOO_SMALL") || HeapwrightError.is(error, "ERR_OUT_OF_MEMORY");
      if (!isExpected) throw error;
      expectThat(memory.usage().takenBytes === before, () => `Refusal ${refused} has left pages taken.`);
      memory.verify();
      continue;
    }
    try {
      machine.play();
    } catch (error) {
      throw new Error(`Refusal ${refused}: ${(error as Error).message}`, { cause: error });
    }
    expectThat(memory.usage().takenBytes === before, () => `Refusal ${refused} has left pages taken.`);
    if (asked() < refused) return refused;
  }
}
