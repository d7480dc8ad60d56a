import { DISPOSE, assertAllocatorPlugin, type BlockAllocator } from "@heapwright/core";

import { demand, demandRefusal } from "../demand.js";
import { withAllocator, type Draft, type Subject } from "./subject.js";

const MEMBERS = [
  "malloc",
  "calloc",
  "realloc",
  "free",
  "usableSize",
  "walk",
  "stats",
  "verify",
  "dispose",
] as const satisfies readonly (keyof BlockAllocator)[];

const BAD_OPTIONS: readonly Readonly<Record<string, unknown>>[] = [
  { memory: "floppy" },
  { memory: new Uint8Array(8) },
  { maxBytes: -1 },
  { maxBytes: "64 parsecs" },
  { offset: -16 },
];

/** The plugin as a value, and what `create` makes of its options. */
export function pluginCases(subject: Subject): Draft[] {
  const { plugin, traits } = subject;
  return [
    {
      id: "plugin-shape/value",
      rule: "plugin-shape",
      title: "is an allocator plugin with a name, this version of the contract and known traits",
      run: () => assertAllocatorPlugin(plugin),
    },
    {
      id: "plugin-shape/members",
      rule: "plugin-shape",
      title: "creates allocators with every member of the contract",
      run: () => withAllocator(subject, demandMembers),
    },
    {
      id: "plugin-shape/defaults",
      rule: "plugin-shape",
      title: "creates an allocator when no options are given",
      run: () => {
        const allocator = plugin.create();
        demandMembers(allocator);
        allocator.dispose();
      },
    },
    {
      id: "traits-told/members",
      rule: "traits-told",
      title: "has reset, domains, pools, attach and arena figures exactly when its traits say so",
      run: () =>
        withAllocator(subject, (allocator) => {
          const found = {
            resets: typeof allocator.reset === "function",
            domains: allocator.domains !== undefined,
            arenas: allocator.stats().arenas !== undefined,
            pools: allocator.pools !== undefined,
            attaches: typeof allocator.detach === "function",
          };
          for (const [trait, there] of Object.entries(found) as [keyof typeof found, boolean][]) {
            demand(
              there === traits[trait],
              `The trait ${trait} is ${traits[trait]}, but what it promises is ${there ? "" : "not "}there.`,
            );
          }
          const attach = typeof plugin.attach === "function";
          demand(
            attach === traits.attaches && (allocator.at !== undefined) === attach,
            `The trait attaches is ${traits.attaches}; the plugin needs attach, and its allocators at, exactly then.`,
          );
        }),
    },
    {
      id: "bad-option/values",
      rule: "bad-option",
      title: "refuses options of the wrong type or out of their range",
      run: () => {
        for (const options of BAD_OPTIONS) {
          const what = `create(${JSON.stringify(options)})`;
          demandRefusal(what, ["ERR_BAD_OPTION"], () => subject.create(options));
        }
      },
    },
  ];
}

function demandMembers(allocator: BlockAllocator): void {
  const missing = MEMBERS.filter((name) => typeof allocator[name] !== "function");
  demand(
    missing.length === 0,
    `An allocator needs ${MEMBERS.join(", ")}; there is no ${missing.join(", ")}.`,
  );
  demand(
    typeof allocator[DISPOSE] === "function",
    "An allocator needs the method that `using` calls, core's DISPOSE.",
  );
  demand(
    allocator.memory.buffer.byteLength > 0,
    "An allocator needs its memory, with the buffer that holds its blocks.",
  );
}
