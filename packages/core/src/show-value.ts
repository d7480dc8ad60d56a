/**
 * Names a value in a message: a text in quotes, an object by its tag, all else as it is written. Never throws, whatever
 * a caller handed in.
 */
export function showValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}
