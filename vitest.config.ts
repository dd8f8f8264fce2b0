import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const sdk = fileURLToPath(new URL("./packages/sdk/src/", import.meta.url));

// Two cores are the floor that the suite is planned for: real servers are started, so files run two at a time.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@postern\/sdk\/(.*)$/, replacement: `${sdk}$1.ts` },
      { find: /^@postern\/sdk$/, replacement: `${sdk}index.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // `npm run test:clients`, `test:ha` and `test:scale`: one needs a package of its own, the others root and minutes.
    exclude: ["test/clients/**", "test/ha/**", "test/scale/**"],
    globalSetup: ["test/support/global-setup.ts"],
    // Real servers on busy cores: a failure is reported, and counts when it comes again at once.
    retry: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
