/**
 * Reads the fields of a header one by one, each with its type and range: a
 * header is as likely to be damaged as the records behind it.
 */

import { HeapwrightError } from "@heapwright/core";

import { recordingError } from "./container.js";
import { messageOf } from "./message-of.js";

/** A parsed JSON object of a header. */
export type HeaderFields = Readonly<Record<string, unknown>>;

/** Reads fields of one object; every method throws `ERR_BAD_RECORDING` naming the field. */
export interface FieldReader {
  /** A string. */
  text(field: string): string;
  /** A list of strings. */
  texts(field: string): string[];
  /** True or false. */
  flag(field: string): boolean;
  /** A whole number from 0 to 2^53 - 1. */
  count(field: string): number;
  /** Three counts, one for each generation. */
  generations(field: string): [number, number, number];
  /** A list of objects, each with a reader of its own. */
  objects(field: string): FieldReader[];
  /** Whether the field is there. */
  has(field: string): boolean;
  /** The error for a field that has the right type and a wrong value. */
  wrong(field: string, expected: string): Error;
}

/**
 * Makes a reader.
 *
 * @param fields - the object
 * @param name - what the caller calls the recording
 * @param path - where in the header the object is, such as `types[3].`
 */
export function readFields(fields: HeaderFields, name: string, path = ""): FieldReader {
  const has = (field: string): boolean => Object.hasOwn(fields, field) && fields[field] !== undefined;
  const get = (field: string): unknown => (has(field) ? fields[field] : undefined);

  function wrong(field: string, expected: string): Error {
    const found = has(field) ? describe(fields[field]) : "nothing";
    return recordingError(
      "ERR_BAD_RECORDING",
      name,
      `header field ${path}${field}: expected ${expected}, found ${found}`,
    );
  }

  function read<T>(field: string, is: (value: unknown) => value is T, expected: string): T {
    const value = get(field);
    if (is(value)) return value;
    throw wrong(field, expected);
  }

  return {
    text: (field) => read(field, isText, "a string"),
    texts: (field) => read(field, isListOf(isText), "a list of strings"),
    flag: (field) => read(field, isFlag, "true or false"),
    count: (field) => read(field, isCount, COUNT),
    generations: (field) => read(field, isThreeCounts, `three numbers, each ${COUNT}`),
    objects: (field) =>
      read(field, isListOf(isObject), "a list of objects").map((entry, index) =>
        readFields(entry, name, `${path}${field}[${index}].`),
      ),
    has,
    wrong,
  };
}

const COUNT = "a whole number from 0 to 2^53 - 1";

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isThreeCounts(value: unknown): value is [number, number, number] {
  return isListOf(isCount)(value) && value.length === 3;
}

function isObject(value: unknown): value is HeaderFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf<T>(is: (value: unknown) => value is T): (value: unknown) => value is T[] {
  return (value): value is T[] => Array.isArray(value) && value.every(is);
}

/** A value in a message: short, whatever it is. */
function describe(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/**
 * Checks what a caller wants in a header as a reader would: there a wrong field is damage, here a wrong option.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` with the reader's words
 */
export function checkGiven<Header>(parse: () => Header): Header {
  try {
    return parse();
  } catch (cause) {
    throw new HeapwrightError("ERR_BAD_OPTION", messageOf(cause), { cause });
  }
}
