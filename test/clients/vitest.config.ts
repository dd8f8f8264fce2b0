/** Real servers and real clients: not part of `npm test`, because the clients are many and large. */
import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vitest/config";
import root from "../../vitest.config.ts";

export default mergeConfig(
  { resolve: root.resolve },
  defineConfig({
    root: fileURLToPath(new URL("./", import.meta.url)),
    test: {
      include: ["**/*.test.ts"],
      globalSetup: ["support/start-postern.ts"],
      testTimeout: 60_000,
      hookTimeout: 120_000,
      pool: "forks",
      maxWorkers: 2,
    },
  }),
);
