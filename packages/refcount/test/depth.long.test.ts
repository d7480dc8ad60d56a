import { it } from "vitest";

import { dropChain, dropDiamonds, dropWide, LINKS } from "./depth.js";

it("a chain of ten million dies like one object", () => {
  dropChain(LINKS["slots"]!, 10_000_000);
});

it.each(Object.entries(LINKS))("a chain of a million through %s dies like one object", (_, link) => {
  dropChain(link, 1_000_000);
});

it("a list of a million objects dies with all that they hold", () => {
  dropWide(1_000_000);
});

it("a million layers of diamonds die once each", () => {
  dropDiamonds(1_000_000);
});
