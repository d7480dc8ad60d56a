/**
 * Recordings as files see them: a header that is read once, and records that are
 * read as often as the source allows.
 */

import { HeapwrightError } from "@heapwright/core";

import { readContainer, type Container, type OpenOptions, type RecordingKind } from "./container.js";
import type { HeaderFields } from "./header-fields.js";
import { openSource, type ByteSource } from "./source.js";

/** A recording whose header was read. */
export interface OpenRecording<Header> {
  /** What to call it in messages. */
  readonly name: string;
  /** The header. */
  readonly header: Header;
  /** Whether {@link OpenRecording.readBody} can be called again. */
  readonly rereadable: boolean;
  /**
   * Begins to read the records.
   *
   * @throws HeapwrightError `ERR_READ_FAILED` when they were read and cannot be read again, or the header is no longer
   * what it was; what opening threw
   */
  readBody(): Promise<Container>;
}

/**
 * Opens a recording and reads its header.
 *
 * @param kind - which of the two it must be
 * @param parse - checks the header's fields
 * @throws HeapwrightError see {@link openTrace}
 */
export async function openRecording<Header>(
  kind: RecordingKind,
  source: ByteSource,
  options: OpenOptions,
  parse: (fields: HeaderFields, name: string) => Header,
): Promise<OpenRecording<Header>> {
  const { name = "recording" } = options;
  const { rereadable, chunks } = openSource(source, name);
  const open = (): Promise<Container> => readContainer(chunks(), kind, name, options);

  let pending: Container | undefined = await open();
  const { headerText } = pending;
  let header: Header | undefined;
  try {
    header = parse(pending.header, name);
  } finally {
    // Nothing stays open for a caller who gets no records, or may not want any.
    if (rereadable || header === undefined) {
      await pending.body.return?.();
      pending = undefined;
    }
  }

  async function readBody(): Promise<Container> {
    if (rereadable) {
      const again = await open();
      if (again.headerText === headerText) return again;
      await again.body.return?.();
      throw new HeapwrightError("ERR_READ_FAILED", `${name}: the recording changed after it was opened.`);
    }
    if (!pending) {
      throw new HeapwrightError(
        "ERR_READ_FAILED",
        `${name}: this source can be read once, and was. Give its bytes, or a function that opens it anew.`,
      );
    }
    const container = pending;
    pending = undefined;
    return container;
  }

  return { name, header, rereadable, readBody };
}
