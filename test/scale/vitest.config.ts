/** Control planes and gateways that are killed: it needs root and network namespaces, and takes minutes. `npm run test:scale`. */
import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vitest/config";
import root from "../../vitest.config.ts";

export default mergeConfig(
  { resolve: root.resolve },
  defineConfig({
    root: fileURLToPath(new URL("./", import.meta.url)),
    test: {
      include: ["**/*.test.ts"],
      testTimeout: 400_000,
      hookTimeout: 300_000,
      pool: "forks",
      maxWorkers: 1,
    },
  }),
);
