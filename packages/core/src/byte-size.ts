import { HeapwrightError } from "./errors.js";

/** A number of bytes: `65536`, or with a binary unit as in `"64KiB"`, `"256 MiB"`, `"2GiB"`. */
export type ByteSize = number | string;

const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/**
 * Turns a {@link ByteSize} into a number of bytes.
 *
 * @param size - a whole number of bytes, or a number and a unit: B, KiB, MiB or GiB
 * @param what - the name of the option, for the message
 * @throws HeapwrightError `ERR_BAD_OPTION` when it is neither, negative or no whole number of bytes
 *
 * @example
 * ```ts
 * parseByteSize("64KiB", "maxBytes"); // 65536
 * ```
 */
export function parseByteSize(size: ByteSize, what: string): number {
  const match = typeof size === "string" ? /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)$/.exec(size.trim()) : undefined;
  const bytes = match ? Number(match[1]) * UNIT_BYTES[match[2]!]! : size;
  if (typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `${what} must be a whole number of bytes or a text such as "64KiB" or "2GiB", not ${String(size)}.`,
  );
}

/**
 * Writes a number of bytes for people: `1,048,576` becomes `1 MiB`, `1,500,000` becomes `1.43 MiB`.
 *
 * @param bytes - 0 or more
 */
export function formatBytes(bytes: number): string {
  const [unit, unitBytes] =
    Object.entries(UNIT_BYTES).findLast(([, unitBytes]) => bytes >= unitBytes) ?? (["B", 1] as const);
  return `${String(Number((bytes / unitBytes).toFixed(2)))} ${unit}`;
}
