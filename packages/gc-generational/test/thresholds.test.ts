import { describe, it } from "vitest";

import { expectSameFigures, isLong, programs, python } from "./support/recorded-programs.js";

describe(`counts, thresholds and collections are those of CPython ${python}`, () => {
  it.each(programs.filter((program) => !isLong(program)))("in program $index", expectSameFigures);
});
