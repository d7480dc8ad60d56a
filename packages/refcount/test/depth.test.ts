import { it } from "vitest";

import { dropChain, dropDiamonds, dropWide, LINKS } from "./depth.js";

it.each(Object.entries(LINKS))("a chain of 200,000 through %s dies like one object", (_, link) => {
  dropChain(link, 200_000);
});

it("a list of 100,000 objects dies with all that they hold", () => {
  dropWide(100_000);
});

it("diamonds below diamonds die once each", () => {
  dropDiamonds(50_000);
});
